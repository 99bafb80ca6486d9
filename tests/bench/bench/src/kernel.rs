// SPDX-License-Identifier: MIT
//! The kernels: `kernels/kernels.toml` says what each one is, its source stands in `kernels/c` or `kernels/rust`.

use crate::folder;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::Command;

/// A kernel.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kernel {
    /// Name of its source, its .wasm and its native function.
    pub(crate) name: String,
    /// What it is an example of.
    pub(crate) class: String,
    /// Rounds of a timed run.
    pub(crate) n: i32,
    /// Rounds of a run whose instructions are counted.
    pub(crate) small: i32,
    /// Whether it also runs on boards: of C, one page of memory.
    #[serde(default)]
    pub(crate) board: bool,
}

#[derive(Deserialize)]
struct File {
    kernel: Vec<Kernel>,
}

impl Kernel {
    /// Its module.
    pub(crate) fn wasm(&self) -> PathBuf {
        folder().join("kernels/wasm").join(&self.name).with_extension("wasm")
    }

    fn source(&self) -> Option<PathBuf> {
        let paths = [("c", "c"), ("rust", "rs")].map(|(dir, end)| folder().join("kernels").join(dir).join(&self.name).with_extension(end));
        paths.into_iter().find(|p| p.is_file())
    }
}

/// Every kernel, in the order of the table. Fails if a source has no row or a row no source.
pub(crate) fn all() -> Result<Vec<Kernel>> {
    let path = folder().join("kernels/kernels.toml");
    let file: File = toml::from_str(&std::fs::read_to_string(&path)?).with_context(|| path.display().to_string())?;
    for k in &file.kernel {
        if k.source().is_none() {
            bail!("kernel {} has no source", k.name);
        }
    }
    for dir in ["c", "rust"] {
        for entry in std::fs::read_dir(folder().join("kernels").join(dir))? {
            let path = entry?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            if path.extension().is_some_and(|e| e != "h") && !file.kernel.iter().any(|k| k.name == stem) {
                bail!("{} has no row in kernels.toml", path.display());
            }
        }
    }
    Ok(file.kernel)
}

/// As compilers of today make code without vectors, with what all engines have.
const CLANG: &[&str] = &[
    "--target=wasm32",
    "-O2",
    "-nostdlib",
    "-mbulk-memory",
    "-msign-ext",
    "-mnontrapping-fptoint",
    "-mmutable-globals",
    "-fno-math-errno",
    "-ffp-contract=off",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
    "-Wl,--export=__heap_base",
    // Where the C stack overflows, there is no data.
    "-Wl,--stack-first",
    "-Wl,-z,stack-size=4096",
];
const RUSTC: &[&str] = &[
    "--edition=2024",
    "--target=wasm32-unknown-unknown",
    "--crate-type=cdylib",
    "-Dwarnings",
    "-Copt-level=3",
    "-Clto=fat",
    "-Cpanic=abort",
    "-Ccodegen-units=1",
    "-Cstrip=symbols",
    "-Clink-arg=-zstack-size=32768",
];

/// Compiles every kernel to .wasm.
pub(crate) fn rebuild(kernels: &[Kernel]) -> Result<()> {
    for k in kernels {
        let source = k.source().context("a source")?;
        let mut c = if source.extension().is_some_and(|e| e == "c") {
            let mut c = Command::new("clang");
            c.args(CLANG);
            c
        } else {
            let mut c = Command::new("rustc");
            // Paths would be in the texts of panics.
            c.args(RUSTC).arg(format!("--remap-path-prefix={}=.", folder().display()));
            c
        };
        c.arg(&source).arg("-o").arg(k.wasm());
        let status = c.status().with_context(|| format!("cannot start {c:?}"))?;
        if !status.success() {
            bail!("{} does not compile", source.display());
        }
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(k.wasm(), std::fs::Permissions::from_mode(0o644))?;
        println!("{:<10} {:>6} bytes", k.name, std::fs::metadata(k.wasm())?.len());
    }
    Ok(())
}
