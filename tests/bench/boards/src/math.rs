// SPDX-License-Identifier: MIT
//! What C sources call of a mathematics library.

macro_rules! functions {
    ($($name:ident($ty:ty))*) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $name(x: $ty) -> $ty {
            libm::$name(x)
        })*
    };
}

functions!(sqrt(f64) sqrtf(f32));
#[cfg(feature = "wasm3")]
functions!(ceil(f64) ceilf(f32) floor(f64) floorf(f32) trunc(f64) truncf(f32) rint(f64) rintf(f32));
