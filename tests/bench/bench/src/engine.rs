// SPDX-License-Identifier: MIT
//! The engines: programs of this workspace, which measure themselves, and programs of the machine, which are measured
//! from outside.

use crate::folder;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wait4::Wait4;

/// A program of this workspace.
#[derive(Clone, Copy)]
struct Own {
    name: &'static str,
    package: &'static str,
    variant: &'static str,
    /// cargo's profile: not "release" for what takes too long so.
    profile: &'static str,
    /// When it runs without being named.
    when: When,
}

#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    WithFuel,
    AtStartup,
    Named,
}

const fn own(name: &'static str, package: &'static str, variant: &'static str, when: When) -> Own {
    Own { name, package, variant, profile: "release", when }
}

const fn wasmtime(name: &'static str, variant: &'static str) -> Own {
    Own { name, package: "engine-wasmtime", variant, profile: "wasmtime", when: When::Always }
}

/// The first is what all others are compared with.
const OWN: &[Own] = &[
    own("native", "engine-native", "", When::Always),
    own("nothing", "engine-nothing", "", When::AtStartup),
    own("wrt", "engine-wrt", "", When::Always),
    own("wrt-optimize", "engine-wrt-optimize", "", When::Always),
    own("wrt-fuel", "engine-wrt", "fuel", When::WithFuel),
    own("wrt-lazy", "engine-wrt", "lazy", When::Named),
    own("wrt-unvalidated", "engine-wrt", "unvalidated", When::Named),
    own("wasmi", "engine-wasmi", "", When::Always),
    own("wasmi-fuel", "engine-wasmi", "fuel", When::WithFuel),
    own("wasmi-lazy", "engine-wasmi", "lazy", When::Named),
    own("wasmi1", "engine-wasmi1", "", When::Named),
    own("wasm3-0.4", "engine-wasm3", "", When::Always),
    own("tinywasm", "engine-tinywasm", "", When::Always),
    wasmtime("pulley", "pulley"),
    wasmtime("winch", "winch"),
    wasmtime("cranelift", ""),
];

/// An engine.
#[derive(Clone)]
pub(crate) struct Engine {
    /// As tables have it.
    pub(crate) name: String,
    kind: Kind,
    /// If its program needs neither a dynamic linker nor relocations: the target that it is built for.
    standalone: Option<String>,
}

#[derive(Clone)]
enum Kind {
    Own(&'static Own),
    Program(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    engine: Vec<Program>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    name: String,
    command: Vec<String>,
}

/// Figures of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// What the kernel gave.
    pub(crate) result: i64,
    /// What it gave for 1, if it was asked.
    pub(crate) warm: Option<i64>,
    /// CPU time of the call.
    pub(crate) run_ns: u64,
    /// CPU time of the whole process.
    pub(crate) process_ns: u64,
    /// Most resident memory.
    pub(crate) peak_kib: u64,
}

/// Every engine that there may be: those of this workspace, then those of the file.
pub(crate) fn all(config: &Path) -> Result<Vec<Engine>> {
    let text = std::fs::read_to_string(config).with_context(|| config.display().to_string())?;
    let config: Config = toml::from_str(&text).with_context(|| config.display().to_string())?;
    let own = OWN.iter().map(|o| Engine { name: o.name.into(), kind: Kind::Own(o), standalone: None });
    let programs = config.engine.into_iter().map(|p| Engine { name: p.name, kind: Kind::Program(p.command), standalone: None });
    Ok(own.chain(programs).collect())
}

/// Native and the engines named; without names, WRT only (`few`) or all that run by default. Builds them. One that was not
/// named and cannot be had is left out, with the reason on the terminal. `startup`: builds them so that what the dynamic linker
/// does for any program is not in their figures, if this machine can.
pub(crate) fn choose(all: &[Engine], names: &[String], fuel: bool, few: bool, startup: bool) -> Result<Vec<Engine>> {
    let standalone = if startup { standalone() } else { None };
    for name in names {
        if !all.iter().any(|e| e.name == *name) {
            bail!("no engine \"{name}\"; --list names them");
        }
    }
    let mut chosen = Vec::new();
    for (i, engine) in all.iter().enumerate() {
        let engine = &Engine { standalone: standalone.clone(), ..engine.clone() };
        let by_default = match &engine.kind {
            _ if few => engine.name == "wrt",
            Kind::Own(own) => own.when == When::Always || own.when == When::WithFuel && fuel || own.when == When::AtStartup && startup,
            Kind::Program(_) => true,
        };
        let wanted = if names.is_empty() { by_default } else { names.contains(&engine.name) };
        if i > 0 && !wanted {
            continue;
        }
        match engine.prepare() {
            Ok(()) => chosen.push(engine.clone()),
            Err(why) if i > 0 && names.is_empty() => println!("skipped: {}: {why:#}", engine.name),
            Err(why) => return Err(why.context(engine.name.clone())),
        }
    }
    Ok(chosen)
}

/// The target to build programs for that are linked statically: Linux with a C library that is there for it.
fn standalone() -> Option<String> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return None;
    }
    let output = |program: &str, arg: &str| {
        let output = Command::new(program).arg(arg).output().ok().filter(|o| o.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    // Without a folder, the compiler has not found it.
    let library = output("cc", "-print-file-name=libc.a").filter(|path| Path::new(path.trim()).is_absolute());
    if library.is_none() {
        eprintln!("no libc.a: programs are linked dynamically, which is in their times");
    }
    library?;
    output("rustc", "-vV")?.lines().find_map(|l| l.strip_prefix("host: ")).map(str::to_string)
}

/// Where cargo puts what this workspace builds: this program stands there too.
fn target() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    Ok(exe.ancestors().nth(2).context("a target folder")?.to_path_buf())
}

impl Engine {
    /// One line about it.
    pub(crate) fn what(&self) -> String {
        match &self.kind {
            Kind::Own(own) if own.variant.is_empty() => own.package.into(),
            Kind::Own(own) => format!("{} --variant {}", own.package, own.variant),
            Kind::Program(command) => command.join(" "),
        }
    }

    /// Whether it is no engine at all.
    pub(crate) fn is_native(&self) -> bool {
        matches!(self.kind, Kind::Own(own) if own.package == "engine-native")
    }

    /// Whether its figures are without what a dynamic linker does.
    pub(crate) fn is_standalone(&self) -> bool {
        self.standalone.is_some() && !self.is_program()
    }

    /// Whether it is a program of the machine.
    pub(crate) fn is_program(&self) -> bool {
        matches!(self.kind, Kind::Program(_))
    }

    fn prepare(&self) -> Result<()> {
        match &self.kind {
            Kind::Own(own) => {
                eprintln!("building {}", self.name);
                let mut c = Command::new("cargo");
                c.args(["build", "--quiet", "--locked", "--profile", own.profile, "--package", own.package, "--target-dir"]);
                c.arg(target()?);
                if let Some(triple) = &self.standalone {
                    let flags = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace('-', "_"));
                    c.args(["--target", triple]).env(flags, "-C target-feature=+crt-static -C relocation-model=static");
                }
                let output = c.current_dir(folder()).output().context("cargo")?;
                if !output.status.success() {
                    let text = String::from_utf8_lossy(&output.stderr);
                    let tail: Vec<&str> = text.trim().lines().rev().take(12).collect();
                    bail!("{} does not build\n{}", own.package, tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
                }
                Ok(())
            }
            Kind::Program(command) => {
                let program = command.first().context("an empty command")?;
                let path = std::env::var_os("PATH").unwrap_or_default();
                let found = program.contains('/') && Path::new(program).is_file()
                    || std::env::split_paths(&path).any(|d| d.join(program).is_file());
                if !found {
                    bail!("{program} is not on the path");
                }
                Ok(())
            }
        }
    }

    /// What runs the module with n; with `warm`, if it can, the call is made with 1 before, so that what is translated late
    /// has been.
    pub(crate) fn command(&self, wasm: &Path, n: i32, warm: bool) -> Result<Vec<String>> {
        match &self.kind {
            Kind::Own(own) => {
                let program = target()?.join(self.standalone.as_deref().unwrap_or("")).join(own.profile).join(own.package);
                let mut words = vec![program.display().to_string(), wasm.display().to_string(), n.to_string()];
                if !own.variant.is_empty() {
                    words.extend(["--variant".to_string(), own.variant.to_string()]);
                }
                if warm {
                    words.extend(["--warm".to_string(), "1".to_string()]);
                }
                Ok(words)
            }
            Kind::Program(command) => {
                let filled = command.iter().map(|w| w.replace("{wasm}", &wasm.display().to_string()).replace("{n}", &n.to_string()));
                Ok(filled.collect())
            }
        }
    }

    /// One run of which only the whole counts.
    pub(crate) fn start(&self, wasm: &Path, n: i32) -> Result<Figures> {
        match &self.kind {
            Kind::Own(_) => self.run(wasm, n, false),
            Kind::Program(_) => self.outside(wasm, n, 0),
        }
    }

    /// A run of a program; of its time, `idle_ns` is not the call's.
    fn outside(&self, wasm: &Path, n: i32, idle_ns: u64) -> Result<Figures> {
        let Ended { text, cpu_ns, peak_kib } = process(&self.command(wasm, n, false)?)?;
        let result = last_number(&text).with_context(|| format!("no number in the output: {}", text.trim()))?;
        Ok(Figures { result, warm: None, run_ns: cpu_ns.saturating_sub(idle_ns), process_ns: cpu_ns, peak_kib })
    }

    /// One run in a process of its own; `warm` as for [`Engine::command`].
    pub(crate) fn run(&self, wasm: &Path, n: i32, warm: bool) -> Result<Figures> {
        if self.is_program() {
            let idle = process(&self.command(wasm, 0, false)?)?;
            return self.outside(wasm, n, idle.cpu_ns);
        }
        let Ended { text, cpu_ns, .. } = process(&self.command(wasm, n, warm)?)?;
        let field = |name: &str| -> Result<&str> {
            let word = text.split_whitespace().find_map(|w| w.strip_prefix(name)?.strip_prefix('='));
            word.with_context(|| format!("no {name} in {text}"))
        };
        let warm = if warm { Some(field("warm")?.parse()?) } else { None };
        Ok(Figures {
            result: field("result")?.parse()?,
            warm,
            run_ns: field("run_ns")?.parse()?,
            process_ns: cpu_ns,
            peak_kib: field("peak_kib")?.parse()?,
        })
    }
}

/// A process that came to its end.
pub(crate) struct Ended {
    /// Standard output, then standard error.
    pub(crate) text: String,
    /// CPU time, user and system.
    cpu_ns: u64,
    /// Most resident memory, the parent's at the start included.
    peak_kib: u64,
}

/// Runs to the end. One that fails is an error with the last line that it said.
pub(crate) fn process(words: &[String]) -> Result<Ended> {
    let (program, args) = words.split_first().context("an empty command")?;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    // Each says at most a few lines, which fit into the pipes.
    let ended = child.wait4()?;
    let (mut out, mut err) = (String::new(), String::new());
    use std::io::Read;
    child.stdout.take().context("a pipe")?.read_to_string(&mut out)?;
    child.stderr.take().context("a pipe")?.read_to_string(&mut err)?;
    if !ended.status.success() {
        let said = format!("{out}\n{err}");
        bail!("{}", said.trim().lines().last().unwrap_or("failed without a word"));
    }
    let cpu = ended.rusage.utime + ended.rusage.stime;
    Ok(Ended { text: format!("{out}{err}"), cpu_ns: u64::try_from(cpu.as_nanos())?, peak_kib: ended.rusage.maxrss / 1024 })
}

/// The last number in an output: decimal with or without sign, or hexadecimal; a type may follow after a colon.
fn last_number(text: &str) -> Option<i64> {
    text.split_whitespace().rev().find_map(|word| {
        let word = word.split(':').next().unwrap_or(word);
        match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
            None => word.parse().ok().or_else(|| word.parse().ok().map(u64::cast_signed)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_programs() {
        assert_eq!(last_number("Result: 18446744073709551615\n"), Some(-1));
        assert_eq!(last_number("0x10:i64\n"), Some(16));
        assert_eq!(last_number("Result: -5"), Some(-5));
        assert_eq!(last_number("nothing"), None);
    }
}
