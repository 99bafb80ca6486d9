// SPDX-License-Identifier: MIT
//! What the programs of all engines have in common. Each one is `ENGINE MODULE N [--variant NAME] [--warm N]`: it loads
//! the module, calls its export `run` with the warm-up's N, then with N, and prints one line of `name=value`.
//!
//! Times are CPU time of the process. The module's bytes are read before the clock for loading starts.
#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Anything that went wrong, as text.
pub type Trouble = Box<dyn std::error::Error>;

/// The export `run` of a loaded module.
pub type Run = Box<dyn FnMut(i32) -> Result<i64, Trouble>>;

/// Loads a module in the named variant of an engine; "" is the usual one.
pub type Load = fn(wasm: &[u8], variant: &str) -> Result<Run, Trouble>;

/// The program.
pub fn main(load: Load) -> ExitCode {
    match measure(|file, variant| load(&std::fs::read(file).map_err(|e| format!("{file}: {e}"))?, variant)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

/// The program, for code that is looked up by the file's name.
pub fn measure(load: impl FnOnce(&str, &str) -> Result<Run, Trouble>) -> Result<(), Trouble> {
    let mut args = std::env::args().skip(1);
    let (mut plain, mut variant, mut warm) = (Vec::new(), String::new(), None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg}: what?"));
        match arg.as_str() {
            "--variant" => variant = value()?,
            "--warm" => warm = Some(value()?.parse()?),
            _ => plain.push(arg),
        }
    }
    let [file, n] = &plain[..] else { return Err("MODULE N [--variant NAME] [--warm N]".into()) };
    let n = n.parse()?;
    let begun = cpu_ns();
    let mut run = load(file, &variant)?;
    let loaded = cpu_ns();
    let warm = warm.map(&mut run).transpose()?;
    let ready = cpu_ns();
    let result = measured(&mut run, n)?;
    let done = cpu_ns();
    print!("result={result} run_ns={} load_ns={} process_ns={done}", done - ready, loaded - begun);
    if let Some(warm) = warm {
        print!(" warm={warm}");
    }
    println!(" peak_kib={}", peak_kib()?);
    Ok(())
}

/// The call that counts. It has a symbol of its own, because instructions are counted between its start and its end.
#[inline(never)]
fn measured(run: &mut Run, n: i32) -> Result<i64, Trouble> {
    std::hint::black_box(run(std::hint::black_box(n)))
}

/// CPU time of this process so far, in nanoseconds.
fn cpu_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Most resident memory so far. Not `getrusage`, which starts with what the parent had.
fn peak_kib() -> Result<u64, Trouble> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
