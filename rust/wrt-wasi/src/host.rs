// SPDX-License-Identifier: MIT
//! The computer's own streams, clocks and random numbers.

use crate::{Clock, Output, System, Unsupported};
use std::io::{Read, Write};
use std::string::String;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::vec::Vec;

/// Standard streams, clocks and random numbers of the process.
#[derive(Debug)]
pub struct HostSystem {
    begun: Instant,
    args: Vec<String>,
    environ: Vec<String>,
}

impl HostSystem {
    /// A program with arguments (the first is its name) and environment (`NAME=value`); its clock begins now.
    pub fn new(args: Vec<String>, environ: Vec<String>) -> HostSystem {
        HostSystem { begun: Instant::now(), args, environ }
    }
}

impl System for HostSystem {
    fn arg(&self, i: usize) -> Option<&str> {
        self.args.get(i).map(String::as_str)
    }
    fn environ(&self, i: usize) -> Option<&str> {
        self.environ.get(i).map(String::as_str)
    }
    fn write(&mut self, to: Output, bytes: &[u8]) -> Result<(), Unsupported> {
        let done = match to {
            Output::Out => std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush()),
            Output::Err => std::io::stderr().write_all(bytes),
        };
        done.map_err(|_| Unsupported)
    }
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Unsupported> {
        std::io::stdin().read(bytes).map_err(|_| Unsupported)
    }
    fn now_ns(&mut self, clock: Clock) -> Result<u64, Unsupported> {
        let since = match clock {
            Clock::Realtime => SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Unsupported)?,
            Clock::Monotonic => self.begun.elapsed(),
        };
        u64::try_from(since.as_nanos()).map_err(|_| Unsupported)
    }
    fn sleep_ns(&mut self, ns: u64) -> Result<(), Unsupported> {
        std::thread::sleep(Duration::from_nanos(ns));
        Ok(())
    }
    fn yield_now(&mut self) {
        std::thread::yield_now();
    }
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Unsupported> {
        getrandom::fill(bytes).map_err(|_| Unsupported)
    }
}
