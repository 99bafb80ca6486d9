// SPDX-License-Identifier: MIT
//! The calls that are open on a stack, innermost first: where it trapped, or where it is while it is paused or a host
//! function is at work.
//!
//! Nothing is kept for it while guests run. A trap cuts the stack back, but leaves the frames in their places until
//! something is entered again; how many there were stands in [`Run::step`](crate::stack::Run).

use crate::image::HEADER;
use crate::stack::{BARRIER, Frame, INSTANCE, Status, WASM};
use crate::store::{Instance, InstanceId, StackId, Store};

/// One open call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// The instance whose code it is.
    pub instance: InstanceId,
    /// The function (imports counted); `None`: the initialiser.
    pub func: Option<u32>,
    /// A word of the operation that it is at, in the instance's image: the one that trapped, the call of the frame before
    /// this one or of a host function, or the next one of a guest that was stopped.
    pub pc: u32,
    /// Words from the first of the function's code to that one.
    pub offset: u32,
    /// The host called it. The frame after this one, if there is one, called that host function.
    pub from_host: bool,
}

/// Iterator over the calls that are open on a stack: [`Store::backtrace`].
#[derive(Clone, Debug)]
pub struct Backtrace<'a> {
    instances: &'a [Instance<'a>],
    frames: core::slice::Iter<'a, Frame>,
    /// Instance and code word above the frames left.
    at: Option<(u32, u32)>,
}

impl Store<'_> {
    /// The calls that are open on `stack` or, when it has trapped and nothing was entered since, that were open then.
    /// None when it is idle.
    ///
    /// A host function that the stack waits for is no frame; nor is the work of another crate that goes on in steps.
    pub fn backtrace(&self, stack: StackId) -> Backtrace<'_> {
        let mut trace = Backtrace { instances: &self.insts, frames: [].iter(), at: None };
        let Some(stack) = self.stack(stack) else { return trace };
        let run = &stack.run;
        let depth = match run.status {
            Status::Idle => 0,
            Status::Trapped => run.step,
            _ => run.depth,
        };
        trace.frames = stack.frames.get(..depth as usize).unwrap_or(&[]).iter();
        // The last two return to the frame on top.
        trace.at = if matches!(run.status, Status::Return | Status::Step) { None } else { Some((run.inst, run.pc)) };
        trace
    }
}

impl Backtrace<'_> {
    /// How many are left; cheaper than [`Iterator::count`].
    pub fn left(mut self) -> usize {
        let mut n = 0usize;
        while self.site().is_some() {
            n = n.wrapping_add(1);
        }
        n
    }

    /// Instance, code word and whether the host called it.
    fn site(&mut self) -> Option<(u32, u32, bool)> {
        while let Some(frame) = self.frames.next_back() {
            let (kind, inst) = (frame.link & !INSTANCE, frame.link & INSTANCE);
            let below = match kind {
                // It goes on behind the call.
                WASM => Some((inst, frame.pc.wrapping_sub(1))),
                // At the call of the host function that entered what is above; under the lowest there is nothing.
                BARRIER => Some((inst, frame.pc)),
                _ => None,
            };
            // Not in code: a host function that the host has called.
            if let Some((inst, pc)) = core::mem::replace(&mut self.at, below)
                && pc >= HEADER
            {
                return Some((inst, pc, kind != WASM));
            }
        }
        None
    }
}

impl Iterator for Backtrace<'_> {
    type Item = FrameInfo;
    fn next(&mut self) -> Option<FrameInfo> {
        let (inst, pc, from_host) = self.site()?;
        let (func, offset) = self.instances.get(inst as usize)?.image().place_of(pc);
        Some(FrameInfo { instance: InstanceId(inst), func, pc, offset, from_host })
    }
}
