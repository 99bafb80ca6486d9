// SPDX-License-Identifier: MIT
//! WASI 0.1, import module `wasi_snapshot_preview1`: the functions of [`FUNCTIONS`].
//!
//! Source: the document of `wasi_snapshot_preview1`; names, numbers and memory layouts are its.

use crate::line::Line;
use crate::{Clock, Output, System};
use wrt_foundation::{Trap, ValType};
use wrt_runtime::host::GuestMemory;

/// The import module.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// `errno`: what every function but `proc_exit` returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Errno {
    /// Done.
    Success = 0,
    /// No such descriptor.
    Badf = 8,
    /// A pointer is outside of memory.
    Fault = 21,
    /// An argument is not what it may be.
    Inval = 28,
    /// Reading or writing failed.
    Io = 29,
    /// Not offered.
    Nosys = 52,
    /// Not offered for this.
    Notsup = 58,
    /// A stream cannot be sought in.
    Spipe = 70,
}

type Answer = Result<Errno, Trap>;
type Call = fn(&mut World<'_>, &Args<'_>, &mut GuestMemory<'_>) -> Answer;

/// One function: name, parameter types, body. All but `proc_exit` return one `i32`, the [`Errno`].
pub struct Function {
    /// Field part of the import's name.
    pub name: &'static str,
    /// Types of the parameters.
    pub params: &'static [ValType],
    /// Types of the results.
    pub results: &'static [ValType],
    call: Call,
}

/// Arguments of a call, one 64-bit slot each.
struct Args<'a>(&'a [u64]);

impl Args<'_> {
    fn u64(&self, i: usize) -> u64 {
        self.0.get(i).copied().unwrap_or(0)
    }
    fn u32(&self, i: usize) -> u32 {
        self.u64(i) as u32
    }
}

const I: ValType = ValType::I32;
const L: ValType = ValType::I64;
const ERRNO: &[ValType] = &[I];

/// The functions, in the order of their numbers for [`Wasi::call`].
pub static FUNCTIONS: &[Function] = &[
    Function { name: "args_get", params: &[I, I], results: ERRNO, call: args_get },
    Function { name: "args_sizes_get", params: &[I, I], results: ERRNO, call: args_sizes_get },
    Function { name: "environ_get", params: &[I, I], results: ERRNO, call: environ_get },
    Function { name: "environ_sizes_get", params: &[I, I], results: ERRNO, call: environ_sizes_get },
    Function { name: "clock_res_get", params: &[I, I], results: ERRNO, call: clock_res_get },
    Function { name: "clock_time_get", params: &[I, L, I], results: ERRNO, call: clock_time_get },
    Function { name: "fd_close", params: &[I], results: ERRNO, call: fd_close },
    Function { name: "fd_fdstat_get", params: &[I, I], results: ERRNO, call: fd_fdstat_get },
    Function { name: "fd_prestat_dir_name", params: &[I, I, I], results: ERRNO, call: no_descriptor },
    Function { name: "fd_prestat_get", params: &[I, I], results: ERRNO, call: no_descriptor },
    Function { name: "fd_read", params: &[I, I, I, I], results: ERRNO, call: fd_read },
    Function { name: "fd_seek", params: &[I, L, I, I], results: ERRNO, call: fd_seek },
    Function { name: "fd_write", params: &[I, I, I, I], results: ERRNO, call: fd_write },
    Function { name: "poll_oneoff", params: &[I, I, I, I], results: ERRNO, call: poll_oneoff },
    Function { name: "proc_exit", params: &[I], results: &[], call: proc_exit },
    Function { name: "random_get", params: &[I, I], results: ERRNO, call: random_get },
    Function { name: "sched_yield", params: &[], results: ERRNO, call: sched_yield },
];

/// The number of a function by name.
pub fn find(name: &str) -> Option<u32> {
    FUNCTIONS.iter().position(|f| f.name == name).map(|i| i as u32)
}

/// What WASI keeps of one program: unfinished lines of output, and how it ended.
#[derive(Debug)]
pub struct Wasi {
    out: Line,
    err: Line,
    exit_code: Option<u32>,
}

/// The same while a call is at work, with the system.
struct World<'a> {
    wasi: &'a mut Wasi,
    system: &'a mut dyn System,
}

impl Wasi {
    /// A program that has not begun.
    pub const fn new() -> Wasi {
        Wasi { out: Line::new(), err: Line::new(), exit_code: None }
    }

    /// Calls function number `n` of [`FUNCTIONS`] with one slot per argument.
    ///
    /// # Errors
    /// [`Trap::Exit`] from `proc_exit`, whose code [`Wasi::exit_code`] has; [`Trap::Host`] for an unknown number.
    pub fn call(&mut self, system: &mut dyn System, n: u32, args: &[u64], memory: &mut GuestMemory<'_>) -> Answer {
        match FUNCTIONS.get(n as usize) {
            Some(f) => (f.call)(&mut World { wasi: self, system }, &Args(args), memory),
            None => Err(Trap::Host),
        }
    }

    /// What the program gave to `proc_exit`.
    pub fn exit_code(&self) -> Option<u32> {
        self.exit_code
    }

    /// Writes unfinished lines; to be called when the program has ended.
    pub fn flush(&mut self, system: &mut dyn System) {
        // A console that refuses has nobody left to tell.
        let _ = self.out.flush(system, Output::Out);
        let _ = self.err.flush(system, Output::Err);
    }
}

impl Default for Wasi {
    fn default() -> Self {
        Wasi::new()
    }
}

/// A store into guest memory, or `fault`.
fn put(memory: &mut GuestMemory<'_>, at: u32, bytes: &[u8]) -> Result<(), Errno> {
    memory.write_from(at, bytes).ok_or(Errno::Fault)
}
fn put_u32(memory: &mut GuestMemory<'_>, at: u32, v: u32) -> Result<(), Errno> {
    put(memory, at, &v.to_le_bytes())
}
fn take<const N: usize>(memory: &GuestMemory<'_>, at: u32) -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    memory.read_into(at, &mut bytes).ok_or(Errno::Fault)?;
    Ok(bytes)
}
fn take_u32(memory: &GuestMemory<'_>, at: u32) -> Result<u32, Errno> {
    take(memory, at).map(u32::from_le_bytes)
}
fn answer(r: Result<(), Errno>) -> Answer {
    Ok(r.err().unwrap_or(Errno::Success))
}

/// Which list of texts: arguments or environment.
type List = for<'s> fn(&'s dyn System, usize) -> Option<&'s str>;
fn arguments(s: &dyn System, i: usize) -> Option<&str> {
    s.arg(i)
}
fn environment(s: &dyn System, i: usize) -> Option<&str> {
    s.environ(i)
}
fn texts(s: &dyn System, list: List) -> impl Iterator<Item = &str> {
    (0..).map_while(move |i| list(s, i))
}
fn strings_get(s: &dyn System, list: List, a: &Args<'_>, memory: &mut GuestMemory<'_>) -> Result<(), Errno> {
    let (mut pointers, mut text) = (a.u32(0), a.u32(1));
    for s in texts(s, list) {
        put_u32(memory, pointers, text)?;
        put(memory, text, s.as_bytes())?;
        text = text.checked_add(s.len() as u32).ok_or(Errno::Fault)?;
        put(memory, text, &[0])?;
        text = text.checked_add(1).ok_or(Errno::Fault)?;
        pointers = pointers.checked_add(4).ok_or(Errno::Fault)?;
    }
    Ok(())
}
fn strings_sizes(s: &dyn System, list: List, a: &Args<'_>, memory: &mut GuestMemory<'_>) -> Result<(), Errno> {
    put_u32(memory, a.u32(0), texts(s, list).count() as u32)?;
    put_u32(memory, a.u32(1), texts(s, list).fold(0u32, |n, s| n.wrapping_add(s.len() as u32).wrapping_add(1)))
}
fn args_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer(strings_get(w.system, arguments, a, m))
}
fn args_sizes_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer(strings_sizes(w.system, arguments, a, m))
}
fn environ_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer(strings_get(w.system, environment, a, m))
}
fn environ_sizes_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer(strings_sizes(w.system, environment, a, m))
}

/// `clockid`; the two CPU-time clocks are not offered.
fn clock(id: u32) -> Result<Clock, Errno> {
    match id {
        0 => Ok(Clock::Realtime),
        1 => Ok(Clock::Monotonic),
        2 | 3 => Err(Errno::Notsup),
        _ => Err(Errno::Inval),
    }
}
fn clock_res_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer(clock(a.u32(0)).and_then(|c| {
        w.system.now_ns(c).map_err(|_| Errno::Notsup)?;
        put(m, a.u32(1), &1u64.to_le_bytes())
    }))
}
fn clock_time_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer(clock(a.u32(0)).and_then(|c| {
        let now = w.system.now_ns(c).map_err(|_| Errno::Notsup)?;
        put(m, a.u32(2), &now.to_le_bytes())
    }))
}

fn is_stream(fd: u32) -> Result<(), Errno> {
    if fd <= 2 { Ok(()) } else { Err(Errno::Badf) }
}
fn fd_close(_: &mut World<'_>, a: &Args<'_>, _: &mut GuestMemory<'_>) -> Answer {
    // A standard stream stays open for the host; the program may think what it likes.
    answer(is_stream(a.u32(0)))
}
fn fd_seek(_: &mut World<'_>, a: &Args<'_>, _: &mut GuestMemory<'_>) -> Answer {
    answer(is_stream(a.u32(0)).and(Err(Errno::Spipe)))
}
fn no_descriptor(_: &mut World<'_>, _: &Args<'_>, _: &mut GuestMemory<'_>) -> Answer {
    Ok(Errno::Badf)
}
/// `fdstat`: filetype u8, flags u16 at 2, rights u64 at 8, inherited rights u64 at 16.
fn fd_fdstat_get(_: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    const CHARACTER_DEVICE: u8 = 2;
    const RIGHT_READ: u8 = 1 << 1;
    const RIGHT_WRITE: u8 = 1 << 6;
    let mut stat = [0u8; 24];
    let [kind, _, _, _, _, _, _, _, rights, ..] = &mut stat;
    *kind = CHARACTER_DEVICE;
    *rights = if a.u32(0) == 0 { RIGHT_READ } else { RIGHT_WRITE };
    answer(is_stream(a.u32(0)).and_then(|()| put(m, a.u32(1), &stat)))
}

/// Address and length of vector `i` of an `iovec` or `ciovec` array.
fn vector(m: &GuestMemory<'_>, vectors: u32, i: u32) -> Result<(u32, u32), Errno> {
    let at = i.checked_mul(8).and_then(|o| vectors.checked_add(o)).ok_or(Errno::Fault)?;
    Ok((take_u32(m, at)?, take_u32(m, at.checked_add(4).ok_or(Errno::Fault)?)?))
}
fn fd_write(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer((|| {
        let (line, to) = match a.u32(0) {
            1 => (&mut w.wasi.out, Output::Out),
            2 => (&mut w.wasi.err, Output::Err),
            _ => return Err(Errno::Badf),
        };
        let mut written = 0u32;
        for i in 0..a.u32(2) {
            let (mut at, mut left) = vector(m, a.u32(1), i)?;
            written = written.wrapping_add(left);
            while left > 0 {
                let mut piece = [0u8; 64];
                let n = left.min(piece.len() as u32);
                let piece = piece.get_mut(..n as usize).ok_or(Errno::Fault)?;
                m.read_into(at, piece).ok_or(Errno::Fault)?;
                line.push(w.system, to, piece).map_err(|_| Errno::Io)?;
                at = at.wrapping_add(n);
                left = left.wrapping_sub(n);
            }
        }
        put_u32(m, a.u32(3), written)
    })())
}
fn fd_read(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer((|| {
        if a.u32(0) != 0 {
            return Err(Errno::Badf);
        }
        w.wasi.flush(w.system); // a prompt has to be seen before its answer is awaited
        let mut total = 0u32;
        'all: for i in 0..a.u32(2) {
            let (mut at, mut left) = vector(m, a.u32(1), i)?;
            while left > 0 {
                let mut piece = [0u8; 64];
                let n = left.min(piece.len() as u32);
                let piece = piece.get_mut(..n as usize).ok_or(Errno::Fault)?;
                let got = w.system.read(piece).map_err(|_| Errno::Io)?;
                m.write_from(at, piece.get(..got).ok_or(Errno::Io)?).ok_or(Errno::Fault)?;
                total = total.wrapping_add(got as u32);
                at = at.wrapping_add(got as u32);
                left = left.wrapping_sub(got as u32);
                if got < n as usize {
                    break 'all; // what is there now; more would block
                }
            }
        }
        put_u32(m, a.u32(3), total)
    })())
}

/// `subscription`, 48 bytes: userdata u64, tag u8 at 8; for clocks: id u32 at 16, timeout u64 at 24, precision u64 at 32,
/// flags u16 at 40. `event`, 32 bytes: userdata u64, errno u16 at 8, type u8 at 10.
fn poll_oneoff(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    const ABSOLUTE: u16 = 1;
    answer((|| {
        let (from, to, n) = (a.u32(0), a.u32(1), a.u32(2));
        if n == 0 {
            return Err(Errno::Inval);
        }
        let subscription = |m: &GuestMemory<'_>, i: u32| -> Result<([u8; 8], u8, u32, u64, u16), Errno> {
            let at = i.checked_mul(48).and_then(|o| from.checked_add(o)).ok_or(Errno::Fault)?;
            let field = |o: u32| at.checked_add(o).ok_or(Errno::Fault);
            let [tag] = take(m, field(8)?)?;
            let timeout = u64::from_le_bytes(take(m, field(24)?)?);
            Ok((take(m, at)?, tag, take_u32(m, field(16)?)?, timeout, u16::from_le_bytes(take(m, field(40)?)?)))
        };
        // Each one's time left, or the error it ends with at once.
        let mut left = |m: &GuestMemory<'_>, i: u32| -> Result<Result<u64, Errno>, Errno> {
            let (_, tag, id, timeout, flags) = subscription(m, i)?;
            if tag != 0 {
                return Ok(Err(Errno::Notsup));
            }
            let c = match clock(id) {
                Ok(c) => c,
                Err(e) => return Ok(Err(e)),
            };
            if flags & ABSOLUTE == 0 {
                return Ok(Ok(timeout));
            }
            Ok(w.system.now_ns(c).map(|now| timeout.saturating_sub(now)).map_err(|_| Errno::Notsup))
        };
        let mut shortest = u64::MAX;
        for i in 0..n {
            shortest = shortest.min(left(m, i)?.unwrap_or(0));
        }
        let mut events = 0u32;
        for i in 0..n {
            // All that are due when the shortest one is: compared before sleeping, so that none is missed.
            let errno = match left(m, i)? {
                Ok(ns) if ns <= shortest => Errno::Success,
                Ok(_) => continue,
                Err(e) => e,
            };
            let (userdata, tag, ..) = subscription(m, i)?;
            let mut event = [0u8; 32];
            for (to, from) in event.iter_mut().zip(userdata.into_iter().chain((errno as u16).to_le_bytes()).chain([tag])) {
                *to = from;
            }
            let at = events.checked_mul(32).and_then(|o| to.checked_add(o)).ok_or(Errno::Fault)?;
            put(m, at, &event)?;
            events = events.wrapping_add(1);
        }
        w.wasi.flush(w.system);
        if shortest > 0 {
            w.system.sleep_ns(shortest).map_err(|_| Errno::Notsup)?;
        }
        put_u32(m, a.u32(3), events)
    })())
}
fn proc_exit(w: &mut World<'_>, a: &Args<'_>, _: &mut GuestMemory<'_>) -> Answer {
    w.wasi.exit_code = Some(a.u32(0));
    w.wasi.flush(w.system);
    Err(Trap::Exit)
}
fn random_get(w: &mut World<'_>, a: &Args<'_>, m: &mut GuestMemory<'_>) -> Answer {
    answer((|| {
        let (mut at, mut left) = (a.u32(0), a.u32(1));
        while left > 0 {
            let mut piece = [0u8; 64];
            let n = left.min(piece.len() as u32);
            let piece = piece.get_mut(..n as usize).ok_or(Errno::Fault)?;
            w.system.random(piece).map_err(|_| Errno::Nosys)?;
            m.write_from(at, piece).ok_or(Errno::Fault)?;
            at = at.checked_add(n).ok_or(Errno::Fault)?;
            left = left.wrapping_sub(n);
        }
        Ok(())
    })())
}
fn sched_yield(w: &mut World<'_>, _: &Args<'_>, _: &mut GuestMemory<'_>) -> Answer {
    w.system.yield_now();
    Ok(Errno::Success)
}
