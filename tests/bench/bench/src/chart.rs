// SPDX-License-Identifier: MIT
//! The chart: above the geometric mean of each engine, below each kernel on each engine, on one logarithmic axis of ratios
//! to native.

use crate::report::Report;
use crate::stats::Spread;
use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;
use std::path::Path;

/// Pixels.
const WIDTH: u32 = 900;
const ROW: u32 = 20;
const HEAD: u32 = 60;

/// The first ones are told apart by those who see few colours, too (Okabe and Ito). WRT has the strongest.
const COLOURS: [RGBColor; 12] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(120, 120, 120),
    RGBColor(0, 0, 0),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(110, 170, 50),
    RGBColor(0, 60, 120),
];

/// Draws what there is into an SVG file.
pub(crate) fn draw(report: &Report, file: &Path) -> Result<()> {
    let means: Vec<(&String, Spread)> = report.engines.iter().zip(&report.means).filter_map(|(e, (_, s))| Some((e, (*s)?))).collect();
    let values = report.rows.iter().flat_map(|(_, _, r)| r.iter().flatten()).chain(means.iter().map(|m| &m.1));
    let range = values.fold(1.0..1.0, |r: Range<f64>, s| r.start.min(s.min * 0.9)..r.end.max(s.max * 1.1));
    let above = HEAD + ROW * means.len() as u32;
    let below = HEAD + ROW * report.rows.len() as u32;
    let drawn = || -> Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::new(file, (WIDTH, above + below)).into_drawing_area();
        root.fill(&WHITE)?;
        let (upper, lower) = root.split_vertically(above);
        let names: Vec<&str> = means.iter().map(|(e, _)| e.as_str()).collect();
        let mut chart = panel(&upper, "CPU time over native: geometric mean of all kernels", &names, &range)?;
        for (i, (engine, s)) in means.iter().enumerate() {
            let (top, middle, bottom) = (i as f64 + 0.2, i as f64 + 0.5, i as f64 + 0.8);
            let colour = colour(&report.engines, engine);
            chart.draw_series([Rectangle::new([(range.start, top), (s.median, bottom)], colour.filled())])?;
            chart.draw_series([PathElement::new([(s.min, middle), (s.max, middle)], BLACK.stroke_width(1))])?;
            let style = ("sans-serif", 13).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
            chart.draw_series([Text::new(format!("  {:.1}", s.median), (s.max, middle), style)])?;
        }
        let names: Vec<&str> = report.rows.iter().map(|r| r.0.as_str()).collect();
        let mut chart = panel(&lower, "each kernel: median, least to greatest of the rounds", &names, &range)?;
        // The first one last, so that it lies on top.
        for (e, engine) in report.engines.iter().enumerate().rev() {
            let colour = colour(&report.engines, engine);
            for (row, (_, _, ratios)) in report.rows.iter().enumerate() {
                let Some(s) = ratios[e] else { continue };
                let middle = row as f64 + 0.5;
                chart.draw_series([PathElement::new([(s.min, middle), (s.max, middle)], colour.stroke_width(2))])?;
                let size = if engine == "wrt" { 6 } else { 4 };
                chart.draw_series([Circle::new((s.median, middle), size, colour.filled())])?;
            }
        }
        root.present()?;
        Ok(())
    };
    // The library's error is of no type that may leave a thread.
    drawn().map_err(|e| anyhow!("{}: {e}", file.display()))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Panel<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<LogCoord<f64>, RangedCoordf64>>;

/// An axis of ratios, and a row for each name, from 0 on at the top.
fn panel<'a>(area: &Area<'a>, title: &str, names: &[&str], range: &Range<f64>) -> Result<Panel<'a>, Box<dyn std::error::Error + 'a>> {
    let mut chart = ChartBuilder::on(area)
        .margin_right(50)
        .margin_left(90)
        .caption(title, ("sans-serif", 15))
        .x_label_area_size(25)
        .build_cartesian_2d(range.clone().log_scale(), names.len() as f64..0.0)?;
    chart.configure_mesh().disable_y_mesh().disable_y_axis().x_label_formatter(&|x| format!("{x}")).draw()?;
    let (_, offset) = area.get_base_pixel();
    for (i, name) in names.iter().enumerate() {
        let (x, y) = chart.backend_coord(&(range.start, i as f64 + 0.5));
        let style = ("sans-serif", 13).into_font().color(&BLACK).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw(&Text::new(name.to_string(), (x - 8, y - offset), style))?;
    }
    Ok(chart)
}

fn colour(engines: &[String], engine: &str) -> RGBColor {
    let at = engines.iter().position(|e| e == engine).unwrap_or(0);
    COLOURS[at % COLOURS.len()]
}
