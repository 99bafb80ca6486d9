// SPDX-License-Identifier: MIT
//! The `wrt` program.
#![forbid(unsafe_code)]

mod compile;
mod inspect;
mod profile;
mod run;
mod trace;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wrt::runtime::image::{Image, ImageError, LARGE_WINDOW, SMALL_WINDOW};
use wrt::runtime::translate::{Wanted, translate_vec_for};
use wrt::{Error, ErrorKind};

/// What the program's exit code says. A guest that ends itself by `proc_exit` chooses its own (0 to 125).
const EXIT_CODES: &str = "Exit codes:
  0    done
  1    a file cannot be read or written, or tests failed
  2    wrong arguments
  3    the module or image is refused (malformed, invalid, unsupported, damaged)
  4    an import is missing or has another type
  5    fuel is used up
  6    not enough memory
  134  the guest trapped
  else what the guest gave to proc_exit";

/// Run, compile, check and inspect WebAssembly modules.
#[derive(Parser)]
#[command(name = "wrt", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a module or an image: its start function, then `_start` or `main`, or the function given
    #[command(after_help = EXIT_CODES)]
    Run(run::Args),
    /// Run a module as `run` does and tell where it spends its instructions
    #[command(after_help = EXIT_CODES)]
    Profile(profile::Args),
    /// Translate a module to an image that runs in place from flash
    Compile(compile::Args),
    /// Check modules
    Validate {
        /// Modules (.wasm, or text as .wat is refused: use wat2wasm)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Tell what a module or an image imports and exports, and the RAM it needs
    Inspect(inspect::Args),
    /// Run specification tests; the last line is `N passed, N failed, N skipped`
    Wast {
        /// Files, or folders in which every .wast is run
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Stop at each unit of fuel and go on with a copy of the stack
        #[arg(long)]
        slices: bool,
    },
}

/// A failure with the exit code that tells it.
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    fn usage(text: impl Into<String>) -> Failure {
        Failure { code: 2, text: text.into() }
    }
    fn file(path: &Path, e: &std::io::Error) -> Failure {
        Failure { code: 1, text: format!("{}: {e}", path.display()) }
    }
    fn of(path: &Path, e: &Error) -> Failure {
        let code = match e.kind() {
            ErrorKind::Usage => 2,
            ErrorKind::Unlinkable => 4,
            ErrorKind::Paused => 5,
            ErrorKind::Memory => 6,
            ErrorKind::Trap(_) => 134,
            _ => 3,
        };
        Failure { code, text: format!("{}: {e}", path.display()) }
    }
}

type Outcome = Result<u8, Failure>;

fn main() -> ExitCode {
    sigpipe::reset();
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Validate { files } => validate(&files),
        Command::Inspect(args) => inspect::run(&args),
        Command::Wast { paths, slices } => wast(&paths, slices),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(f) => {
            eprintln!("wrt: {}", f.text);
            ExitCode::from(f.code)
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::file(path, &e))
}

/// The window of the engine that is to run an image: see `wrt::runtime::image::WINDOW`.
#[derive(clap::Args)]
struct Window {
    /// For an engine built with `small-window`, which has 128 registers instead of 256
    #[arg(long)]
    small_window: bool,
}

impl Window {
    const ANY: Window = Window { small_window: false };

    fn cells(&self) -> u32 {
        if self.small_window { SMALL_WINDOW } else { LARGE_WINDOW }
    }
}

/// A module file's image words: an image as it is, a module translated for such a window, with the names of functions or not.
fn image_words(path: &Path, window: &Window, names: bool) -> Result<(Vec<u32>, Option<Loaded>), Failure> {
    let bytes = read(path)?;
    if bytes.starts_with(b"WRTI") {
        let words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|w| u32::from_le_bytes(*w)).collect();
        let image = Image::new(&words).map_err(wrt::Error::from).and_then(|i| i.verify().map(|()| i));
        if image.map_err(|e| Failure::of(path, &e))?.window() > window.cells() {
            return Err(Failure::of(path, &ImageError::Window.into()));
        }
        return Ok((words, None));
    }
    let (words, done) = translate_vec_for(Wanted { window: window.cells(), names }, &bytes).map_err(|e| Failure::of(path, &e))?;
    Ok((words, Some(Loaded { wasm_bytes: bytes.len(), scratch_words: done.scratch_words })))
}

/// What only a .wasm file tells.
struct Loaded {
    wasm_bytes: usize,
    scratch_words: u32,
}

fn validate(files: &[PathBuf]) -> Outcome {
    let mut worst = 0;
    for file in files {
        match image_words(file, &Window::ANY, false) {
            Ok(_) => println!("{}: valid", file.display()),
            Err(f) => {
                eprintln!("wrt: {}", f.text);
                worst = worst.max(f.code);
            }
        }
    }
    Ok(worst)
}

/// Every .wast file that the paths name, folders searched through.
fn scripts(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = paths.to_vec();
    while let Some(path) = open.pop() {
        if !path.is_dir() {
            found.push(path);
            continue;
        }
        for entry in std::fs::read_dir(&path).map_err(|e| Failure::file(&path, &e))? {
            let inner = entry.map_err(|e| Failure::file(&path, &e))?.path();
            if inner.is_dir() || inner.extension().is_some_and(|e| e == "wast") {
                open.push(inner);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn wast(paths: &[PathBuf], slices: bool) -> Outcome {
    let mode = if slices { wrt_wast::Mode::Slices } else { wrt_wast::Mode::Plain };
    let scripts = scripts(paths)?;
    if scripts.is_empty() {
        return Err(Failure::usage("no .wast file there"));
    }
    let mut total = wrt_wast::Counts::default();
    for path in scripts {
        let text = std::fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
        let report = wrt_wast::run(&path.display().to_string(), &text, mode);
        println!("{}: {}", path.display(), report.counts());
        for (line, text) in report.failures() {
            println!("{}:{line}: {text}", path.display());
        }
        total += report.counts();
    }
    println!("{total}");
    Ok(u8::from(total.failed > 0))
}
