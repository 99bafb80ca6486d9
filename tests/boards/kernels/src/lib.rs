// SPDX-License-Identifier: MIT
//! Functions of `modules/device.wasm`, which uses no proposal, run from its image. What carries one out is handed to whoever
//! measures; host and boards do the same work.
#![no_std]
#![forbid(unsafe_code)]

use wrt_foundation::{Shared, ValType, Value};
use wrt_runtime::{Exit, Extern, HostFn, InstanceId, Options, Stack, StackId, Store, StoreParts, drive};

/// What is measured: a loop over bytes, code with many locals and calls, indirect calls, floats.
pub const NAMES: [&str; 4] = ["crc32", "sha256", "sort", "fft"];

/// Bytes of each buffer of the guest.
const BYTES: i32 = 2048;

struct Guest<'m> {
    store: Store<'m>,
    stack: StackId,
    instance: InstanceId,
}

impl Guest<'_> {
    /// Calls an export; its result, or 0, and the fuel that it took.
    fn call(&mut self, name: &str, args: &[i32]) -> Option<(i32, i64)> {
        let Extern::Func(func) = self.store.export(self.instance, name)? else { return None };
        let mut values = [Value::Unit; 4];
        let values = values.get_mut(..args.len())?;
        values.iter_mut().zip(args).for_each(|(v, a)| *v = Value::I32(*a));
        self.store.enter(self.stack, func, values).ok()?;
        let fuel = self.finish()?;
        let mut result = [Value::I32(0)];
        let n = self.store.func_type(func)?.results.len();
        self.store.results(self.stack, func, result.get_mut(..n)?).ok()?;
        let [Value::I32(result)] = result else { return None };
        Some((result, fuel))
    }
    fn finish(&mut self) -> Option<i64> {
        let mut budget = i64::MAX;
        let none: [HostFn<()>; 0] = [];
        match drive(&mut self.store, self.stack, &none, &mut (), &mut budget) {
            Exit::Done => Some(i64::MAX - budget),
            _ => None,
        }
    }
    /// Writes numbers that look like anything to the guest's memory at `at`.
    fn fill(&mut self, at: i32, float: bool) -> Option<()> {
        let Extern::Memory(slot) = self.store.export(self.instance, "memory")? else { return None };
        let mut memory = self.store.memory(slot)?;
        let mut x = 1u32;
        for i in 0..BYTES / 4 {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let bits = if float { ((x >> 8) as f32 / 65536.0 - 100.0).to_bits() } else { x };
            memory.write_from((at + i * 4) as u32, &bits.to_le_bytes())?;
        }
        Some(())
    }
}

/// Carries out the kernel `name` of the image `image`: `measured` is called once, with the work. Fuel and result of that.
pub fn run<'m>(
    image: &'m [u32],
    parts: StoreParts<'m>,
    stack: Stack<'m>,
    name: &str,
    measured: &mut dyn FnMut(&mut dyn FnMut()),
) -> Option<(i64, i32)> {
    let mut store = Store::new(parts);
    let stack = store.add_stack(stack)?;
    // Its analogue input, which no kernel reads.
    let input = Extern::Host { index: 0, params: &[ValType::I32], results: &[ValType::I32] };
    let instance = store.instantiate(Shared::Ref(image), &mut |_: &Store<'m>, _| Some(input), &Options::default()).ok()?;
    store.enter_init(stack, instance).ok()?;
    let mut guest = Guest { store, stack, instance };
    guest.finish()?;
    let mut buffer = || guest.call("heap_alloc", &[BYTES]).map(|(at, _)| at);
    let (a, b) = (buffer()?, buffer()?);
    guest.fill(a, name == "fft")?;
    guest.fill(b, name == "fft")?;
    let (export, args): (&str, &[i32]) = match name {
        "crc32" => ("crc32", &[a, BYTES]),
        "sha256" => ("sha256", &[a, BYTES, b]),
        "sort" => ("sort_numbers", &[a, BYTES / 4, 0]),
        "fft" => ("fft", &[a, b, 9]),
        _ => return None,
    };
    let mut done = None;
    measured(&mut || done = guest.call(export, args));
    done.map(|(result, fuel)| (fuel, result))
}
