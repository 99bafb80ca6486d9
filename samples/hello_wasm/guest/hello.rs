// SPDX-License-Identifier: MIT
//! The guest of hello_wasm in Rust: prints a line of text and a number that it has computed.
//!
//!     rustc --target wasm32-unknown-unknown --crate-type cdylib -C opt-level=s -C panic=abort -C strip=symbols \
//!         -C link-arg=--page-size=1 -C link-arg=-zstack-size=256 -o hello.wasm hello.rs
//!
//! --page-size=1 (custom page sizes) lets the linear memory have the size that the program needs, instead of a multiple
//! of 64 KiB. Without it the guest works just as well, in 64 KiB more.
#![no_std]

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    #[link_name = "print"]
    safe fn host_print(text: *const u8, bytes: usize);
}

fn print(text: &[u8]) {
    host_print(text.as_ptr(), text.len());
}

fn print_number(mut n: u32) {
    let mut digits = *b"          \n";
    let mut at = digits.len() - 1;
    for place in digits[..at].iter_mut().rev() {
        *place = b'0' + (n % 10) as u8;
        n /= 10;
        at -= 1;
        if n == 0 {
            break;
        }
    }
    print(digits.get(at..).unwrap_or(b"?\n"));
}

/// What the host calls.
#[unsafe(no_mangle)]
pub extern "C" fn main() {
    // black_box: to be added up by the guest, not by its compiler
    let total = (1..=core::hint::black_box(100)).sum();
    print(b"Hello from WebAssembly!\n");
    print(b"1 + 2 + ... + 100 = ");
    print_number(total);
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
