// SPDX-License-Identifier: MIT
//! What a fresh Debian or Ubuntu lacks: Rust targets and components by rustup, packages by apt. Packages are installed
//! when this runs as root; otherwise the exact command is printed.

use crate::tool::{self, command};
use anyhow::{Result, bail};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Checks run beside each other, and neither apt nor rustup waits for another of its kind.
static ONE: Mutex<()> = Mutex::new(());

fn one_at_a_time() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program and the Debian package that has it.
#[derive(Clone, Copy)]
pub(crate) struct Package {
    /// On the path.
    pub(crate) program: &'static str,
    /// Packages to install.
    pub(crate) packages: &'static str,
}

pub(crate) const CMAKE: Package = Package { program: "cmake", packages: "cmake" };
pub(crate) const NINJA: Package = Package { program: "ninja", packages: "ninja-build" };
pub(crate) const GCC: Package = Package { program: "cc", packages: "gcc libc6-dev" };
pub(crate) const QEMU_ARM: Package = Package { program: "qemu-system-arm", packages: "qemu-system-arm" };
pub(crate) const VALGRIND: Package = Package { program: "valgrind", packages: "valgrind" };
pub(crate) const QEMU_AARCH64: Package = Package { program: "qemu-system-aarch64", packages: "qemu-system-arm" };
pub(crate) const QEMU_RISCV: Package = Package { program: "qemu-system-riscv32", packages: "qemu-system-misc" };
pub(crate) const GCC_ARM: Package = Package { program: "arm-none-eabi-gcc", packages: "gcc-arm-none-eabi libnewlib-arm-none-eabi" };
pub(crate) const GCC_RISCV: Package = Package { program: "riscv64-unknown-elf-gcc", packages: "gcc-riscv64-unknown-elf" };
pub(crate) const GCC_AARCH64: Package = Package { program: "aarch64-linux-gnu-gcc", packages: "gcc-aarch64-linux-gnu" };
pub(crate) const CLANG: Package = Package { program: "clang", packages: "clang" };
// bindgen asks the program where the library is.
pub(crate) const LIBCLANG: Package = Package { program: "llvm-config", packages: "libclang-dev llvm" };
pub(crate) const LLD: Package = Package { program: "wasm-ld", packages: "lld" };
pub(crate) const PKG_CONFIG: Package = Package { program: "pkg-config", packages: "pkg-config" };

/// Makes sure that programs are there.
pub(crate) fn packages(wanted: &[Package]) -> Result<()> {
    let _one = one_at_a_time();
    let mut missing: Vec<&str> = wanted.iter().filter(|p| !tool::has(p.program)).flat_map(|p| p.packages.split(' ')).collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() || !tool::has("apt-get") {
        bail!("missing programs; install them with\n    sudo apt-get install --no-install-recommends {}", missing.join(" "));
    }
    apt(&missing)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}

fn apt(packages: &[&str]) -> Result<()> {
    eprintln!("installing packages: {}", packages.join(" "));
    let mut update = command("apt-get", ["update", "-q"]);
    update.env("DEBIAN_FRONTEND", "noninteractive");
    tool::run(update)?;
    let mut install = command("apt-get", ["install", "-yq", "--no-install-recommends"]);
    install.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    tool::run(install)?;
    Ok(())
}

/// The major version of clang, which is in the names of its packages.
fn clang_major() -> Result<String> {
    let version = tool::run(command("clang", ["-dumpversion"]))?;
    Ok(version.split('.').next().unwrap_or_default().trim().to_string())
}

/// Makes sure that clang, if it is there, has the runtime of its sanitizers: a package that is only recommended.
pub(crate) fn sanitizers() -> Result<()> {
    let _one = one_at_a_time();
    if !tool::has("clang") {
        return Ok(());
    }
    let (source, program) = (tool::scratch().join("sanitized.c"), tool::scratch().join("sanitized"));
    std::fs::create_dir_all(tool::scratch())?;
    std::fs::write(&source, "int main(void) { return 0; }\n")?;
    let mut link = command("clang", ["-fsanitize=address,undefined", "-o"]);
    link.args([&program, &source]);
    if tool::run(link).is_ok() {
        return Ok(());
    }
    let package = format!("libclang-rt-{}-dev", clang_major()?);
    if !is_root() || !tool::has("apt-get") {
        bail!("clang has no sanitizers; install them with\n    sudo apt-get install {package}");
    }
    apt(&[&package])
}

/// Makes sure that clang has a C library and its own runtime for WASI.
pub(crate) fn wasi_libc() -> Result<()> {
    let _one = one_at_a_time();
    let major = clang_major()?;
    if std::path::Path::new("/usr/include/wasm32-wasi/stdio.h").exists()
        && std::path::Path::new(&format!("/usr/lib/llvm-{major}/lib/clang")).exists()
    {
        return Ok(());
    }
    if !is_root() {
        bail!("no wasi-libc; install it with\n    sudo apt-get install wasi-libc libclang-rt-{major}-dev-wasm32");
    }
    apt(&["wasi-libc", &format!("libclang-rt-{major}-dev-wasm32")])
}

/// Makes sure that a Rust target is installed for the default toolchain.
pub(crate) fn target(triple: &str) -> Result<()> {
    let _one = one_at_a_time();
    if !tool::has("rustup") {
        bail!("rustup is missing: see https://rustup.rs, then run `rustup target add {triple}`");
    }
    if tool::run(command("rustup", ["target", "list", "--installed"]))?.lines().any(|l| l == triple) {
        return Ok(());
    }
    eprintln!("installing Rust target: {triple}");
    tool::run(command("rustup", ["target", "add", triple]))?;
    Ok(())
}

/// Makes sure that components of a toolchain are installed; tells whether the toolchain is there.
pub(crate) fn components(toolchain: &str, names: &[&str]) -> Result<bool> {
    let _one = one_at_a_time();
    let Ok(installed) = tool::run(command("rustup", ["component", "list", "--toolchain", toolchain, "--installed"])) else {
        return Ok(false);
    };
    for name in names {
        if !installed.lines().any(|l| l == *name || l.starts_with(&format!("{name}-"))) {
            eprintln!("installing {toolchain} component: {name}");
            tool::run(command("rustup", ["component", "add", "--toolchain", toolchain, name]))?;
        }
    }
    Ok(true)
}
