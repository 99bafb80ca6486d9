// SPDX-License-Identifier: MIT
//! Running other programs: quietly, with their output shown only when they fail, and never longer than a limit.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}

/// Where the development commands put what they build.
pub(crate) fn scratch() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir).join("xtask"),
        None => root().join("target/xtask"),
    }
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// A command in the repository's root, without the variables that a surrounding build leaves behind.
pub(crate) fn command<I, S>(program: &str, args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut c = Command::new(program);
    c.args(args).current_dir(root()).stdin(Stdio::null());
    for name in ["CC", "CFLAGS", "CXXFLAGS", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "CROSS_COMPILE"] {
        c.env_remove(name);
    }
    c
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Output {
    /// Standard output and error, in that order.
    pub(crate) text: String,
    /// Its exit code; `None` when it was ended by the limit or a signal.
    pub(crate) code: Option<i32>,
    /// Whether the limit ended it.
    pub(crate) late: bool,
}

/// Runs to the end, or until `limit`, or until the output contains one of `until`; then it is ended.
pub(crate) fn watch(mut c: Command, limit: Duration, until: &[&str]) -> Result<Output> {
    let shown = format!("{c:?}");
    // A group of its own: what it starts (west an emulator, say) has to end with it.
    std::os::unix::process::CommandExt::process_group(&mut c, 0);
    let mut child = c.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().with_context(|| format!("cannot start {shown}"))?;
    let out = reader(child.stdout.take());
    let err = reader(child.stderr.take());
    let begun = Instant::now();
    let (mut text, mut late) = (String::new(), false);
    let status = loop {
        text.extend(out.try_iter());
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if until.iter().any(|u| text.contains(u)) {
            end(&mut child);
            break None;
        }
        if begun.elapsed() > limit {
            late = true;
            end(&mut child);
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    text.extend(out.iter());
    text.extend(err.iter());
    Ok(Output { text, code: status.and_then(|s| s.code()), late })
}

/// Types lines and waits for what must come after each; then the program is ended. All that it said, or an error.
pub(crate) fn talk(mut c: Command, limit: Duration, dialogue: &[(&str, &str)]) -> Result<String> {
    let shown = format!("{c:?}");
    std::os::unix::process::CommandExt::process_group(&mut c, 0);
    let child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.with_context(|| format!("cannot start {shown}"))?;
    let out = reader(child.stdout.take());
    let mut to = child.stdin.take().context("no input")?;
    let begun = Instant::now();
    let mut text = String::new();
    let mut all_said = || -> Result<()> {
        for (line, answer) in dialogue {
            let from = text.len();
            if !line.is_empty() {
                to.write_all(format!("{line}\r").as_bytes())?;
                to.flush()?;
            }
            while !text[from..].contains(answer) {
                text.extend(out.try_iter());
                if begun.elapsed() > limit {
                    bail!("no \"{answer}\" after \"{line}\"");
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    };
    let outcome = all_said();
    end(&mut child);
    text.extend(out.iter());
    outcome.with_context(|| format!("{shown}\n{text}"))?;
    Ok(text)
}

fn end(child: &mut Child) {
    // The only failure of either is that they have ended by themselves.
    let group = format!("-{}", child.id());
    drop(Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status());
    drop(child.wait());
}

fn reader(stream: Option<impl Read + Send + 'static>) -> std::sync::mpsc::Receiver<String> {
    let (to, from) = std::sync::mpsc::channel();
    if let Some(mut stream) = stream {
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = stream.read(&mut buffer) {
                if n == 0 || to.send(String::from_utf8_lossy(&buffer[..n]).into_owned()).is_err() {
                    break;
                }
            }
        });
    }
    from
}

/// Runs to the end; its output, or an error that holds the end of it.
pub(crate) fn run(c: Command) -> Result<String> {
    let shown = format!("{c:?}").replace('"', "");
    let output = watch(c, Duration::from_secs(3600), &[])?;
    if output.code == Some(0) {
        return Ok(output.text);
    }
    let tail: Vec<&str> = output.text.lines().rev().take(60).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    bail!("{shown}\n{}\nexit code {}", tail.join("\n"), output.code.map_or("none".into(), |c| c.to_string()));
}

/// Runs cargo in the repository's root.
pub(crate) fn cargo(args: &[&str]) -> Result<String> {
    run(command("cargo", args))
}
