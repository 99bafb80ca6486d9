// SPDX-License-Identifier: MIT
//! Each function of the table on a system that is all fake.

use wrt_foundation::Trap;
use wrt_runtime::image::MemoryType;
use wrt_runtime::{Extern, Store};
use wrt_wasi::preview1::{Errno, FUNCTIONS, Wasi, find};
use wrt_wasi::{Clock, Output, System, Unsupported};

#[derive(Default)]
struct Fake {
    written: Vec<(Output, String)>,
    input: Vec<u8>,
    now: u64,
    slept: u64,
    yields: u32,
}

impl System for Fake {
    fn arg(&self, i: usize) -> Option<&str> {
        ["prog", "x=1"].get(i).copied()
    }
    fn environ(&self, i: usize) -> Option<&str> {
        ["A=B"].get(i).copied()
    }
    fn write(&mut self, to: Output, bytes: &[u8]) -> Result<(), Unsupported> {
        self.written.push((to, String::from_utf8(bytes.to_vec()).unwrap()));
        Ok(())
    }
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Unsupported> {
        let n = bytes.len().min(self.input.len());
        bytes[..n].copy_from_slice(&self.input[..n]);
        self.input.drain(..n);
        Ok(n)
    }
    fn now_ns(&mut self, clock: Clock) -> Result<u64, Unsupported> {
        Ok(if clock == Clock::Realtime { 1 << 60 } else { self.now })
    }
    fn sleep_ns(&mut self, ns: u64) -> Result<(), Unsupported> {
        self.slept += ns;
        self.now += ns;
        Ok(())
    }
    fn yield_now(&mut self) {
        self.yields += 1;
    }
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Unsupported> {
        bytes.fill(0xa5);
        Ok(())
    }
}

/// A system that can only print.
struct Bare;
impl System for Bare {
    fn write(&mut self, _: Output, _: &[u8]) -> Result<(), Unsupported> {
        Ok(())
    }
}

struct Program {
    store: Store<'static>,
    slot: u32,
    wasi: Wasi,
}

impl Program {
    fn new() -> Program {
        let mut store = Store::owned(1 << 20);
        let Ok(Extern::Memory(slot)) = store.add_memory(MemoryType::new(1, None), 0) else { panic!() };
        Program { store, slot, wasi: Wasi::new() }
    }
    fn try_call(&mut self, system: &mut dyn System, name: &str, args: &[u64]) -> Result<Errno, Trap> {
        let mut memory = self.store.memory(self.slot).unwrap();
        assert_eq!(FUNCTIONS[find(name).unwrap() as usize].params.len(), args.len(), "{name}");
        self.wasi.call(system, find(name).unwrap(), args, &mut memory)
    }
    fn call(&mut self, system: &mut dyn System, name: &str, args: &[u64]) -> Errno {
        self.try_call(system, name, args).unwrap()
    }
    fn bytes(&mut self, at: usize, n: usize) -> Vec<u8> {
        self.store.memory(self.slot).unwrap().as_slice().unwrap()[at..at + n].to_vec()
    }
    fn u32(&mut self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().unwrap())
    }
    fn put(&mut self, at: u32, bytes: &[u8]) {
        self.store.memory(self.slot).unwrap().write_from(at, bytes).unwrap();
    }
    fn put_u32s(&mut self, at: u32, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.put(at, &bytes);
    }
}

const END: u64 = 65536;

#[test]
fn arguments_and_environment() {
    let (mut p, mut s) = (Program::new(), Fake::default());
    assert_eq!(p.call(&mut s, "args_sizes_get", &[0, 4]), Errno::Success);
    assert_eq!((p.u32(0), p.u32(4)), (2, 9));
    assert_eq!(p.call(&mut s, "args_get", &[16, 100]), Errno::Success);
    assert_eq!((p.u32(16), p.u32(20), p.bytes(100, 9)), (100, 105, b"prog\0x=1\0".to_vec()));
    assert_eq!(p.call(&mut s, "environ_sizes_get", &[0, 4]), Errno::Success);
    assert_eq!((p.u32(0), p.u32(4)), (1, 4));
    assert_eq!(p.call(&mut s, "environ_get", &[16, 200]), Errno::Success);
    assert_eq!((p.u32(16), p.bytes(200, 4)), (200, b"A=B\0".to_vec()));
    assert_eq!(p.call(&mut s, "args_get", &[16, END - 3]), Errno::Fault);
    assert_eq!(p.call(&mut s, "environ_sizes_get", &[END - 2, 0]), Errno::Fault);
}

#[test]
fn output_comes_in_lines() {
    let (mut p, mut s) = (Program::new(), Fake::default());
    p.put(100, b"one\ntwo");
    p.put_u32s(0, &[100, 2, 102, 5]);
    assert_eq!(p.call(&mut s, "fd_write", &[1, 0, 2, 50]), Errno::Success);
    assert_eq!(p.u32(50), 7);
    assert_eq!(s.written, [(Output::Out, "one\n".to_string())]);
    p.put(200, b" more\n");
    p.put_u32s(0, &[200, 6]);
    assert_eq!(p.call(&mut s, "fd_write", &[1, 0, 1, 50]), Errno::Success);
    assert_eq!(s.written[1].1, "two more\n");
    assert_eq!(p.call(&mut s, "fd_write", &[2, 0, 1, 50]), Errno::Success);
    assert_eq!(s.written[2], (Output::Err, " more\n".to_string()));
    p.put(300, &[b'x'; 300]);
    p.put_u32s(0, &[300, 300]);
    assert_eq!(p.call(&mut s, "fd_write", &[1, 0, 1, 50]), Errno::Success);
    p.wasi.flush(&mut s);
    assert_eq!(s.written[3..].iter().map(|w| w.1.len()).sum::<usize>(), 300);
    assert_eq!(p.call(&mut s, "fd_write", &[3, 0, 1, 50]), Errno::Badf);
    p.put_u32s(0, &[65530, 100]);
    assert_eq!(p.call(&mut s, "fd_write", &[1, 0, 1, 50]), Errno::Fault);
    assert_eq!(p.call(&mut s, "fd_write", &[1, END, 1, 50]), Errno::Fault);
}

#[test]
fn input_ends_where_it_ends() {
    let (mut p, mut s) = (Program::new(), Fake { input: b"abcdef".to_vec(), ..Fake::default() });
    p.put_u32s(0, &[100, 4, 200, 100]);
    assert_eq!(p.call(&mut s, "fd_read", &[0, 0, 2, 50]), Errno::Success);
    assert_eq!((p.u32(50), p.bytes(100, 4), p.bytes(200, 3)), (6, b"abcd".to_vec(), b"ef\0".to_vec()));
    assert_eq!(p.call(&mut s, "fd_read", &[0, 0, 2, 50]), Errno::Success);
    assert_eq!(p.u32(50), 0);
    assert_eq!(p.call(&mut s, "fd_read", &[1, 0, 2, 50]), Errno::Badf);
}

#[test]
fn streams_are_character_devices() {
    let (mut p, mut s) = (Program::new(), Fake::default());
    for (fd, right) in [(0, 1 << 1), (1, 1 << 6), (2, 1 << 6)] {
        assert_eq!(p.call(&mut s, "fd_fdstat_get", &[fd, 8]), Errno::Success);
        assert_eq!((p.bytes(8, 1), p.u32(16)), (vec![2], right));
    }
    for name in ["fd_fdstat_get", "fd_prestat_get"] {
        assert_eq!(p.call(&mut s, name, &[3, 8]), Errno::Badf);
    }
    assert_eq!(p.call(&mut s, "fd_prestat_dir_name", &[3, 8, 4]), Errno::Badf);
    assert_eq!(p.call(&mut s, "fd_seek", &[1, 0, 0, 8]), Errno::Spipe);
    assert_eq!(p.call(&mut s, "fd_seek", &[9, 0, 0, 8]), Errno::Badf);
    assert_eq!(p.call(&mut s, "fd_close", &[1]), Errno::Success);
    assert_eq!(p.call(&mut s, "fd_close", &[3]), Errno::Badf);
}

#[test]
fn clocks_random_and_yield() {
    let (mut p, mut s) = (Program::new(), Fake { now: 77, ..Fake::default() });
    assert_eq!(p.call(&mut s, "clock_time_get", &[0, 0, 8]), Errno::Success);
    assert_eq!(p.u32(12), 1 << 28);
    assert_eq!(p.call(&mut s, "clock_time_get", &[1, 0, 8]), Errno::Success);
    assert_eq!(p.u32(8), 77);
    assert_eq!(p.call(&mut s, "clock_time_get", &[2, 0, 8]), Errno::Notsup);
    assert_eq!(p.call(&mut s, "clock_time_get", &[9, 0, 8]), Errno::Inval);
    assert_eq!(p.call(&mut s, "clock_res_get", &[1, 8]), Errno::Success);
    assert_eq!(p.call(&mut s, "random_get", &[100, 70]), Errno::Success);
    assert_eq!(p.bytes(99, 72), [&[0][..], &[0xa5; 70], &[0]].concat());
    assert_eq!(p.call(&mut s, "random_get", &[END - 1, 2]), Errno::Fault);
    assert_eq!(p.call(&mut s, "sched_yield", &[]), Errno::Success);
    assert_eq!(s.yields, 1);
    assert_eq!(p.call(&mut Bare, "clock_time_get", &[1, 0, 8]), Errno::Notsup);
    assert_eq!(p.call(&mut Bare, "random_get", &[100, 1]), Errno::Nosys);
}

/// A `subscription`: userdata, tag, clock, timeout, flags.
fn subscription(userdata: u64, tag: u8, clock: u32, timeout: u64, flags: u16) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = tag;
    bytes[16..20].copy_from_slice(&clock.to_le_bytes());
    bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
    bytes[40..42].copy_from_slice(&flags.to_le_bytes());
    bytes
}

#[test]
fn polling_sleeps_until_the_first_is_due() {
    let (mut p, mut s) = (Program::new(), Fake { now: 1000, ..Fake::default() });
    p.put(0, &subscription(7, 0, 1, 500, 0));
    p.put(48, &subscription(8, 0, 1, 1200, 1));
    p.put(96, &subscription(9, 0, 1, 900, 0));
    assert_eq!(p.call(&mut s, "poll_oneoff", &[0, 200, 3, 400]), Errno::Success);
    assert_eq!((p.u32(400), p.bytes(200, 11), s.slept), (1, vec![8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 200));
    // A stream cannot be waited for: told at once.
    p.put(0, &subscription(7, 1, 0, 0, 0));
    assert_eq!(p.call(&mut s, "poll_oneoff", &[0, 200, 2, 400]), Errno::Success);
    assert_eq!(s.slept, 200);
    let event = p.bytes(200, 11);
    assert_eq!((event[0], event[8], event[10]), (7, Errno::Notsup as u8, 1));
    assert_eq!(p.call(&mut s, "poll_oneoff", &[0, 200, 0, 400]), Errno::Inval);
    assert_eq!(p.call(&mut s, "poll_oneoff", &[END - 40, 200, 1, 400]), Errno::Fault);
}

#[test]
fn exit_flushes_and_ends() {
    let (mut p, mut s) = (Program::new(), Fake::default());
    p.put(100, b"last");
    p.put_u32s(0, &[100, 4]);
    p.call(&mut s, "fd_write", &[1, 0, 1, 50]);
    assert!(s.written.is_empty());
    assert_eq!(p.try_call(&mut s, "proc_exit", &[5]), Err(Trap::Exit));
    assert_eq!((p.wasi.exit_code(), s.written[0].1.as_str()), (Some(5), "last"));
}
