// SPDX-License-Identifier: MIT
//! Where samples/hello_wasm runs, how it is built there, and how it is started.

use crate::setup::{self, Package};
use crate::tool::{self, command};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A bare board: built by the root CMakeLists.txt with `-DWRT_BOARD`.
pub(crate) struct Bare {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    packages: &'static [Package],
}

pub(crate) const BARE: &[Bare] = &[
    Bare { name: "mps2-an385", target: "thumbv7m-none-eabi", packages: &[setup::GCC_ARM, setup::QEMU_ARM] },
    Bare { name: "riscv32-virt", target: "riscv32imac-unknown-none-elf", packages: &[setup::GCC_RISCV, setup::QEMU_RISCV] },
    Bare { name: "aarch64-virt", target: "aarch64-unknown-none", packages: &[setup::GCC_AARCH64, setup::QEMU_AARCH64] },
];

/// Zephyr boards that the sample is tested on.
pub(crate) const ZEPHYR: &[&str] = &["qemu_cortex_m3", "mps2/an385", "qemu_riscv32", "native_sim/native/64"];
/// FreeRTOS ports that the sample is tested on.
pub(crate) const FREERTOS: &[&str] = &["posix", "mps2-an385", "mps2-an385-mpu", "mps2-an521"];

/// A program for an RTOS besides the sample.
pub(crate) struct Program {
    /// The folder that it is built in; on FreeRTOS its target in freertos/demo.
    pub(crate) name: &'static str,
    /// Folder of the Zephyr application.
    pub(crate) zephyr: &'static str,
    /// Options of CMake.
    pub(crate) options: &'static [&'static str],
}

/// One place to run.
pub(crate) enum Board {
    /// This machine.
    Host,
    /// A board without an operating system.
    Bare(&'static Bare),
    /// A board of Zephyr's, with the kernel's folder.
    Zephyr(String, PathBuf),
    /// A port of FreeRTOS's, with the kernel's folder.
    FreeRtos(&'static str, PathBuf),
}

/// A kernel's folder from its variable, or where its users have it; else one line that says what to do.
fn kernel(name: &str, variable: &str, usual: &str, marker: &str) -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os(variable).filter(|d| !d.is_empty()) {
        let dir = PathBuf::from(dir);
        if dir.join(marker).is_file() {
            return Ok(dir);
        }
        bail!("no {name} in {} ({variable}): {marker} is missing there", dir.display());
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let dir = home.join(usual);
    if dir.join(marker).is_file() {
        return Ok(dir);
    }
    bail!("no {name}: neither {variable} is set nor is it in ~/{usual}");
}

/// Zephyr's folder.
pub(crate) fn zephyr() -> Result<PathBuf> {
    kernel("Zephyr", "ZEPHYR_BASE", "zephyrproject/zephyr", "cmake/modules/kernel.cmake")
}

/// The folder of Zephyr's Rust module: where west puts it, or in `ZEPHYR_LANG_RUST`.
pub(crate) fn zephyr_lang_rust() -> Result<PathBuf> {
    kernel("zephyr-lang-rust", "ZEPHYR_LANG_RUST", "zephyrproject/modules/lang/rust", "zephyr-sys/Cargo.toml")
}

/// FreeRTOS's folder.
pub(crate) fn freertos() -> Result<PathBuf> {
    kernel("FreeRTOS kernel", "FREERTOS_KERNEL_PATH", "FreeRTOS-Kernel", "tasks.c")
}

impl Board {
    /// The board of that name.
    pub(crate) fn named(name: &str) -> Result<Board> {
        if name == "host" {
            return Ok(Board::Host);
        }
        if let Some(b) = BARE.iter().find(|b| b.name == name) {
            return Ok(Board::Bare(b));
        }
        if let Some(board) = name.strip_prefix("zephyr:").filter(|b| !b.is_empty()) {
            return Ok(Board::Zephyr(board.to_string(), zephyr()?));
        }
        if let Some(port) = name.strip_prefix("freertos:").and_then(|p| FREERTOS.iter().find(|f| **f == p)) {
            return Ok(Board::FreeRtos(port, freertos()?));
        }
        bail!("unknown board \"{name}\"; there are: {}", all_names().join(", "));
    }

    /// Installs what building and running takes.
    pub(crate) fn prepare(&self) -> Result<()> {
        setup::packages(&[setup::CMAKE, setup::NINJA, setup::GCC])?;
        match self {
            Board::Host => Ok(()),
            Board::Bare(b) => {
                setup::target(b.target)?;
                setup::packages(b.packages)
            }
            Board::FreeRtos("posix", _) => Ok(()),
            Board::FreeRtos(..) => {
                setup::target("thumbv7m-none-eabi")?;
                setup::packages(&[setup::GCC_ARM, setup::QEMU_ARM])
            }
            Board::Zephyr(board, _) => {
                if !tool::has("west") {
                    bail!("west is missing; install it with\n    pip install west");
                }
                match zephyr_toolchain(board) {
                    Debian::Arm => {
                        setup::target("thumbv7m-none-eabi")?;
                        setup::packages(&[setup::GCC_ARM, setup::QEMU_ARM])
                    }
                    Debian::Riscv => {
                        setup::target("riscv32imac-unknown-none-elf")?;
                        setup::packages(&[setup::GCC_RISCV, setup::QEMU_RISCV])
                    }
                    Debian::Aarch64 => {
                        setup::target("aarch64-unknown-none")?;
                        setup::packages(&[setup::GCC_AARCH64, setup::QEMU_AARCH64])
                    }
                    Debian::Host => Ok(()),
                }
            }
        }
    }

    /// Where a build with these options stands.
    pub(crate) fn folder(&self, mode: &str, more: &[&str]) -> PathBuf {
        let options: String = more.concat().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        tool::scratch().join(format!("hello-{}-{mode}{options}", self.name().replace(['/', ':'], "-")))
    }

    /// Builds the sample; what starts it.
    pub(crate) fn build(&self, mode: &str, wrt: &Path, more: &[&str]) -> Result<Command> {
        let dir = self.folder(mode, more);
        let hello_mode = format!("-DHELLO_WASM_MODE={mode}");
        let wrt_tool = format!("-DWRT_TOOL={}", wrt.display());
        let cmake = |source: &str, options: &[&str], goal: &str| -> Result<()> {
            let mut c = command("cmake", ["-S", source, "-G", "Ninja", "-B"]);
            c.arg(&dir).args([&hello_mode, &wrt_tool]).args(options).args(more);
            tool::run(c)?;
            let mut c = command("cmake", ["--build"]);
            c.arg(&dir).args(["--target", goal]);
            tool::run(c).map(drop)
        };
        match self {
            Board::Host => {
                cmake(".", &[], "hello_wasm")?;
                Ok(Command::new(dir.join("samples/hello_wasm/hello_wasm")))
            }
            Board::Bare(b) => {
                cmake(".", &[&format!("-DWRT_BOARD={}", b.name)], "hello_wasm")?;
                started_by(&dir.join("samples/hello_wasm/hello_wasm.run"))
            }
            Board::FreeRtos(port, kernel) => {
                let path = format!("-DFREERTOS_KERNEL_PATH={}", kernel.display());
                if *port == "posix" {
                    cmake("freertos/demo", &[&path], "hello_wasm")?;
                    return Ok(Command::new(dir.join("hello_wasm")));
                }
                cmake("freertos/demo", &[&path, &format!("-DWRT_BOARD={port}")], "hello_wasm")?;
                started_by(&dir.join("hello_wasm.run"))
            }
            Board::Zephyr(board, kernel) => {
                let options: Vec<&str> = [hello_mode.as_str(), &wrt_tool].into_iter().chain(more.iter().copied()).collect();
                west(board, kernel, &dir, "samples/hello_wasm", &options)
            }
        }
    }

    /// Builds another program than the sample, for an RTOS; what starts it.
    pub(crate) fn build_program(&self, program: &Program, wrt: &Path) -> Result<Command> {
        let wrt_tool = format!("-DWRT_TOOL={}", wrt.display());
        let options: Vec<&str> = [wrt_tool.as_str()].into_iter().chain(program.options.iter().copied()).collect();
        match self {
            Board::FreeRtos(port, kernel) => {
                let dir = self.folder("image", program.options); // that of the sample, where the library is already
                let path = format!("-DFREERTOS_KERNEL_PATH={}", kernel.display());
                let mut c = command("cmake", ["-S", "freertos/demo", "-G", "Ninja", "-B"]);
                c.arg(&dir).arg(path).args(&options);
                if *port != "posix" {
                    c.arg(format!("-DWRT_BOARD={port}"));
                }
                tool::run(c)?;
                let mut c = command("cmake", ["--build"]);
                c.arg(&dir).args(["--target", program.name]);
                tool::run(c)?;
                if *port == "posix" {
                    Ok(Command::new(dir.join(program.name)))
                } else {
                    started_by(&dir.join(program.name).with_extension("run"))
                }
            }
            Board::Zephyr(board, kernel) => {
                let dir = tool::scratch().join(format!("{}-{}", program.name, self.name().replace(['/', ':'], "-")));
                west(board, kernel, &dir, program.zephyr, &options)
            }
            Board::Host | Board::Bare(_) => bail!("{} is for an RTOS, and {} has none", program.name, self.name()),
        }
    }

    /// Its name, as `--board` takes it.
    pub(crate) fn name(&self) -> String {
        match self {
            Board::Host => "host".into(),
            Board::Bare(b) => b.name.into(),
            Board::Zephyr(b, _) => format!("zephyr:{b}"),
            Board::FreeRtos(p, _) => format!("freertos:{p}"),
        }
    }

    /// Longest time from power-on to the sample's last line.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// Builds a Zephyr application, a folder here or an absolute path, for a board; what starts it.
pub(crate) fn west(board: &str, kernel: &Path, dir: &Path, application: &str, options: &[&str]) -> Result<Command> {
    let workspace = kernel.parent().unwrap_or(kernel);
    let mut west = command("west", ["build", "-b", board, "-d"]);
    west.arg(dir).arg(tool::root().join(application)).env("ZEPHYR_BASE", kernel).current_dir(workspace);
    zephyr_environment(&mut west, board)?;
    west.arg("--").args(options);
    if zephyr_toolchain(board) == Debian::Aarch64 {
        west.arg("-DEXTRA_CFLAGS=-mno-outline-atomics"); // the others need a C library
    }
    tool::run(west)?;
    if board.starts_with("native_sim") {
        return Ok(Command::new(dir.join("zephyr/zephyr.exe")));
    }
    let mut start = command("west", ["build", "-t", "run", "-d"]);
    start.arg(dir).env("ZEPHYR_BASE", kernel).current_dir(workspace);
    Ok(start)
}

/// What configuring a Zephyr application with options that it must refuse says.
pub(crate) fn west_refuses(board: &str, application: &str, options: &[&str]) -> Result<String> {
    let kernel = zephyr()?;
    let dir = tool::scratch().join("refused");
    let mut west = command("west", ["build", "--cmake-only", "-p", "always", "-b", board, "-d"]);
    west.arg(&dir).arg(tool::root().join(application)).env("ZEPHYR_BASE", &kernel).current_dir(kernel.parent().unwrap_or(&kernel));
    zephyr_environment(&mut west, board)?;
    west.arg("--").args(options);
    let output = tool::watch(west, Duration::from_secs(120), &[])?;
    if output.code == Some(0) {
        bail!("{application} with {options:?} is not refused");
    }
    Ok(output.text)
}

/// The command that CMake wrote beside a program of a board: emulator, arguments and program, a line each.
fn started_by(file: &Path) -> Result<Command> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut words = text.lines();
    let Some(program) = words.next() else { bail!("{} is empty", file.display()) };
    Ok(command(program, words))
}

/// The names of all boards that this checkout knows.
pub(crate) fn all_names() -> Vec<String> {
    let mut names = vec!["host".to_string()];
    names.extend(BARE.iter().map(|b| b.name.to_string()));
    names.extend(ZEPHYR.iter().map(|b| format!("zephyr:{b}")));
    names.extend(FREERTOS.iter().map(|p| format!("freertos:{p}")));
    names
}

/// Which of Debian's compilers serves a Zephyr board.
#[derive(Clone, Copy, PartialEq)]
enum Debian {
    Arm,
    Riscv,
    Aarch64,
    Host,
}

fn zephyr_toolchain(board: &str) -> Debian {
    if board.starts_with("native_sim") {
        Debian::Host
    } else if board.contains("riscv") {
        Debian::Riscv
    } else if board.contains("cortex_a53") {
        Debian::Aarch64
    } else {
        Debian::Arm
    }
}

/// Debian's compilers for Zephyr, unless the caller has chosen a toolchain or installed Zephyr's SDK.
fn zephyr_environment(c: &mut Command, board: &str) -> Result<()> {
    let chosen = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if chosen("ZEPHYR_TOOLCHAIN_VARIANT") || chosen("ZEPHYR_SDK_INSTALL_DIR") {
        return Ok(());
    }
    match zephyr_toolchain(board) {
        Debian::Arm => {
            c.env("ZEPHYR_TOOLCHAIN_VARIANT", "gnuarmemb").env("GNUARMEMB_TOOLCHAIN_PATH", "/usr");
        }
        Debian::Host => {
            c.env("ZEPHYR_TOOLCHAIN_VARIANT", "host");
        }
        Debian::Riscv => {
            let link = "link=yes\nfor a in \"$@\"; do case \"$a\" in -c|-S|-E) link=no;; esac; done\n\
                args=()\nfor a in \"$@\"; do\n  if [ $link = yes ]; then case \"$a\" in -march=*) a=${a//_zicsr/}; a=${a//_zifencei/};; esac; fi\n\
                \x20 args+=(\"$a\")\ndone\nset -- \"${args[@]}\"\n";
            let prefix = wrappers("riscv64-unknown-elf-", link)?;
            c.env("ZEPHYR_TOOLCHAIN_VARIANT", "cross-compile").env("CROSS_COMPILE", prefix);
        }
        // Debian's compiler has no folder include-fixed, and Zephyr asks for it.
        Debian::Aarch64 => {
            let fixed = "for a in \"$@\"; do case \"$a\" in *-print-file-name=include-fixed*)\n\
                echo \"$(/usr/bin/aarch64-linux-gnu-gcc -print-file-name=include)${a#*include-fixed}\"; exit;; esac; done\n";
            let prefix = wrappers("aarch64-linux-gnu-", fixed)?;
            c.env("ZEPHYR_TOOLCHAIN_VARIANT", "cross-compile").env("CROSS_COMPILE", prefix);
        }
    }
    Ok(())
}

/// A folder with Debian's tools of a prefix, in which `gcc` and `g++` are scripts that first do what `before` says; its
/// prefix. What RISC-V's do: Debian's multilib table does not know `_zicsr_zifencei`, so linking would take the library of
/// rv64; they take the two words away when the compiler is asked to link or to name a library.
fn wrappers(prefix: &str, before: &str) -> Result<PathBuf> {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tool::scratch().join(format!("{prefix}wrappers"));
    std::fs::create_dir_all(&dir)?;
    for tool in ["gcc", "g++"] {
        let text = format!("#!/usr/bin/env bash\nset -eu\n{before}exec /usr/bin/{prefix}{tool} \"$@\"\n");
        let file = dir.join(format!("{prefix}{tool}"));
        std::fs::write(&file, text)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
    }
    for entry in std::fs::read_dir("/usr/bin")?.flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let file = dir.join(&name);
        if text.starts_with(prefix) && !file.exists() {
            symlink(entry.path(), file)?;
        }
    }
    Ok(dir.join(prefix))
}
