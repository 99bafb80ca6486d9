// SPDX-License-Identifier: MIT
//! The boards, how the firmware is built for them, and how it is started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A machine of QEMU's.
pub(crate) struct Board {
    pub(crate) name: &'static str,
    target: &'static str,
    emulator: &'static [&'static str],
    /// Whether the firmware runs in a task of FreeRTOS; FREERTOS_KERNEL_PATH has the kernel.
    pub(crate) freertos: bool,
}

pub(crate) const BOARDS: &[Board] = &[
    Board {
        name: "mps2-an385",
        target: "thumbv7m-none-eabi",
        emulator: &["qemu-system-arm", "-machine", "mps2-an385", "-cpu", "cortex-m3"],
        freertos: false,
    },
    Board {
        name: "freertos:mps2-an385",
        target: "thumbv7m-none-eabi",
        emulator: &["qemu-system-arm", "-machine", "mps2-an385", "-cpu", "cortex-m3"],
        freertos: true,
    },
    Board {
        name: "riscv32-virt",
        target: "riscv32imac-unknown-none-elf",
        emulator: &["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-m", "32M"],
        freertos: false,
    },
];

/// Anything that keeps a board from running; a sentence.
pub(crate) type Trouble = String;

pub(crate) fn workspace() -> PathBuf {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    host.parent().unwrap_or(host).to_path_buf()
}

/// Where files of the tests go.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// Writes a file into the target directory.
pub(crate) fn file(name: &str, bytes: &[u8]) -> Result<PathBuf, Trouble> {
    let dir = target_dir().join("boards");
    let path = dir.join(name);
    std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(&path, bytes)).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

impl Board {
    pub(crate) fn named(name: &str) -> Result<&'static Board, Trouble> {
        let names = || BOARDS.iter().map(|b| b.name).collect::<Vec<_>>().join(", ");
        BOARDS.iter().find(|b| b.name == name).ok_or_else(|| format!("unknown board \"{name}\"; there are: {}", names()))
    }

    /// Builds the firmware with this `opt-level` and cargo features; its path.
    pub(crate) fn build(&self, opt_level: &str, features: &str) -> Result<PathBuf, Trouble> {
        self.build_with("firmware", &["--features", features], opt_level)
    }

    /// Builds this program of the firmware's, with more arguments for cargo.
    pub(crate) fn build_with(&self, program: &str, more: &[&str], opt_level: &str) -> Result<PathBuf, Trouble> {
        let mut c = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        c.args(["build", "--quiet", "--locked", "--profile", "device", "-p", "firmware", "--target", self.target]);
        c.args(["--bin", program]).args(more);
        if self.freertos {
            c.args(["--features", "freertos"]);
        }
        c.arg("--config").arg(format!("profile.device.opt-level={opt_level}")).current_dir(workspace());
        // What a surrounding build leaves behind would end up in the firmware.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
            c.env_remove(name);
        }
        match c.status() {
            Ok(status) if status.success() => Ok(target_dir().join(self.target).join("device").join(program)),
            Ok(status) => Err(format!("the firmware does not build: {status}; `rustup target add {}`?", self.target)),
            Err(e) => Err(format!("cannot start cargo: {e}")),
        }
    }

    /// Runs the firmware in `mode` on `pack`, `line` hearing each line of its output. It has to say "end" and to end with
    /// `code` 0 or 1, which is told, within `limit`.
    pub(crate) fn run(&self, firmware: &Path, job: &Job<'_>, line: &mut dyn FnMut(&str)) -> Result<i32, Trouble> {
        let mut c = Command::new(self.emulator[0]);
        c.args(&self.emulator[1..]).args(job.emulator).args(["-nographic", "-monitor", "none", "-serial", "none"]);
        let pack = job.pack.display().to_string().replace(',', ",,");
        c.arg("-semihosting-config").arg(format!("enable=on,target=native,arg=firmware,arg={},arg={pack}", job.mode));
        c.arg("-kernel").arg(firmware).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = c.spawn().map_err(|e| format!("cannot start {}: {e}", self.emulator[0]))?;
        let told = listen(&mut child, job.limit, line);
        if told.is_err() {
            // The only failure is that it has ended by itself.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|e| e.to_string())?;
        told?;
        status.code().filter(|code| *code < 2).ok_or_else(|| format!("the firmware ended with {status}"))
    }
}

/// What the firmware is to do.
pub(crate) struct Job<'a> {
    pub(crate) mode: &'static str,
    pub(crate) pack: &'a Path,
    /// More arguments of the emulator's.
    pub(crate) emulator: &'a [&'a str],
    pub(crate) limit: Duration,
}

/// Hears all lines until the program ends.
fn listen(child: &mut Child, limit: Duration, line: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let (to, from) = channel();
    let output = child.stdout.take().ok_or("no output")?;
    std::thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|l| to.send(l)));
    let end = Instant::now() + limit;
    let mut last = String::new();
    loop {
        match from.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                line(&text);
                last = text;
            }
            Err(RecvTimeoutError::Disconnected) if last == "end" => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(format!("the firmware ended after \"{last}\"")),
            Err(RecvTimeoutError::Timeout) => return Err(format!("not finished after {} s; last line: \"{last}\"", limit.as_secs())),
        }
    }
}
