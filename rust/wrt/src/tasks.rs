// SPDX-License-Identifier: MIT
//! Instances that share a thread, by priorities and deadlines.

use crate::ModuleInstance;
use crate::futures::Turn;
use alloc::collections::BinaryHeap;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::task::Waker;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;
use wrt_foundation::{Value, WrtResult};

/// The moment at which a task wants to be woken, and its waker.
pub(crate) type Timer = alloc::boxed::Box<dyn FnMut(Instant, Waker)>;

/// One of a [`Scheduler`]'s tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct TaskId(usize);

/// When a task has its turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Urgency {
    /// Tasks of a higher priority go first, always.
    pub priority: u8,
    /// Among tasks of one priority that with the earliest deadline goes first; those without one come last, and take turns.
    /// It orders and nothing else; [`ModuleInstance::set_deadline`] is what ends a task.
    pub deadline: Option<Instant>,
}

/// What [`Scheduler::step`] has done.
#[derive(Debug)]
pub enum Step {
    /// This task has had a turn, and has more to do or waits.
    Ran(TaskId),
    /// This task is over, or has paused, out of fuel for example. Its instance is the caller's again.
    Ended(TaskId, alloc::boxed::Box<ModuleInstance>, WrtResult<Vec<Value>>),
    /// All tasks wait, for another thread or a host function, none of them beyond this moment.
    Idle(Option<Instant>),
    /// There is no task.
    Empty,
}

/// Which tasks have been woken, and the thread that cares.
#[derive(Debug)]
struct Woken {
    tasks: Mutex<Vec<usize>>,
    thread: Thread,
}

/// Wakes one task.
struct TaskWaker(Arc<Woken>, usize);
impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(self.1);
        self.0.thread.unpark();
    }
}

/// A task that can run, the most urgent one the greatest: priority, deadline, how long it has not run.
type Ready = (u8, Reverse<(bool, Option<Instant>)>, Reverse<u64>, usize);

#[derive(Debug)]
struct Task {
    instance: alloc::boxed::Box<ModuleInstance>,
    urgency: Urgency,
    waker: Waker,
    /// It waits, until then.
    waits: Option<Option<Instant>>,
}

/// Many instances on one thread, by turns of so much fuel: higher priorities first, in one priority the earliest deadline
/// first. A task is not interrupted within its turn, so a more urgent one waits for one turn at most, and for host
/// functions. Guests that wait for another thread, for each other, or for a host function of
/// [`ImportMap::define_async`](crate::ImportMap::define_async), block nobody.
///
/// ```
/// # #[cfg(feature = "loader")]
/// # fn main() -> wrt::WrtResult<()> {
/// # let wasm_bytes = wat::parse_str(r#"(module (func (export "work") (param $n i32) (result i32)
/// #     (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (i32.const 7)))"#).unwrap();
/// use wrt::prelude::*;
/// use wrt::{Scheduler, Urgency};
///
/// let module = Module::from_bytes(&wasm_bytes)?;
/// let mut tasks = Scheduler::new(10_000);
/// for priority in [1, 2] {
///     let instance = ModuleInstance::new(module.clone(), ImportMap::new())?;
///     tasks.spawn(instance, "work", &[Value::I32(100_000)], Urgency { priority, deadline: None })?;
/// }
/// tasks.run(|id, _instance, result| assert_eq!(result, Ok(vec![Value::I32(7)]), "{id:?}"));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "loader"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Scheduler {
    tasks: Vec<Option<Task>>,
    ready: BinaryHeap<Ready>,
    /// Waiting tasks that have an end, soonest first.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    woken: Arc<Woken>,
    turn: i64,
    turns: u64,
    left: usize,
}

impl Scheduler {
    /// Without tasks; a turn is `turn` units of fuel, at least 1. It belongs to the thread that makes it.
    pub fn new(turn: u64) -> Scheduler {
        let woken = Arc::new(Woken { tasks: Mutex::new(Vec::new()), thread: thread::current() });
        let turn = i64::try_from(turn).unwrap_or(i64::MAX).clamp(1, i64::MAX - 1);
        Scheduler { tasks: Vec::new(), ready: BinaryHeap::new(), timers: BinaryHeap::new(), woken, turn, turns: 0, left: 0 }
    }

    /// Adds a call of an exported function.
    ///
    /// # Errors
    /// As [`ModuleInstance::invoke_multi`]; the instance is gone then.
    pub fn spawn(&mut self, mut instance: ModuleInstance, name: &str, args: &[Value], urgency: Urgency) -> WrtResult<TaskId> {
        instance.enter(name, args)?;
        let id = self.tasks.len();
        let waker = Waker::from(Arc::new(TaskWaker(self.woken.clone(), id)));
        self.tasks.push(Some(Task { instance: instance.into(), urgency, waker, waits: None }));
        self.left = self.left.wrapping_add(1);
        self.make_ready(id);
        Ok(TaskId(id))
    }

    /// Tasks that are not over.
    pub fn len(&self) -> usize {
        self.left
    }
    /// Whether all tasks are over.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    fn make_ready(&mut self, id: usize) {
        let Some(Some(task)) = self.tasks.get_mut(id) else { return };
        task.waits = None;
        let Urgency { priority, deadline } = task.urgency;
        self.turns = self.turns.wrapping_add(1);
        self.ready.push((priority, Reverse((deadline.is_none(), deadline)), Reverse(self.turns), id));
    }

    /// Makes those ready that were woken or whose time is over.
    fn wake(&mut self) {
        let woken = core::mem::take(&mut *self.woken.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let mut late = Vec::new();
        if let Some(Reverse((first, _))) = self.timers.peek().copied() {
            let now = Instant::now();
            if first <= now {
                while let Some(Reverse((at, id))) = self.timers.peek().copied().filter(|Reverse((at, _))| *at <= now) {
                    self.timers.pop();
                    // Of an earlier wait, perhaps.
                    let same = |task: &Task| task.waits == Some(Some(at));
                    if self.tasks.get(id).and_then(Option::as_ref).is_some_and(same) {
                        late.push(id);
                    }
                }
            }
        }
        for id in woken.into_iter().chain(late) {
            if self.tasks.get(id).and_then(Option::as_ref).is_some_and(|task| task.waits.is_some()) {
                self.make_ready(id);
            }
        }
    }

    /// Gives the most urgent task a turn.
    pub fn step(&mut self) -> Step {
        self.wake();
        let Some((_, _, _, id)) = self.ready.pop() else {
            return if self.left == 0 { Step::Empty } else { Step::Idle(self.timers.peek().map(|Reverse((at, _))| *at)) };
        };
        let Some(slot) = self.tasks.get_mut(id) else { return Step::Ran(TaskId(id)) };
        let Some(task) = slot else { return Step::Ran(TaskId(id)) };
        match task.instance.turn(self.turn, &task.waker) {
            Turn::Yields => self.make_ready(id),
            Turn::Waits(until) => {
                task.waits = Some(until);
                self.timers.extend(until.map(|until| Reverse((until, id))));
            }
            Turn::Ended(result) => {
                if let Some(task) = slot.take() {
                    self.left = self.left.wrapping_sub(1);
                    return Step::Ended(TaskId(id), task.instance, result);
                }
            }
        }
        Step::Ran(TaskId(id))
    }

    /// Runs until all tasks are over, and tells of each. The thread sleeps while all of them wait.
    pub fn run(&mut self, mut ended: impl FnMut(TaskId, ModuleInstance, WrtResult<Vec<Value>>)) {
        loop {
            match self.step() {
                Step::Ran(_) => {}
                Step::Ended(id, instance, result) => ended(id, *instance, result),
                Step::Idle(None) => thread::park(),
                Step::Idle(Some(until)) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
                Step::Empty => return,
            }
        }
    }
}
