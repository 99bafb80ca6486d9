// SPDX-License-Identifier: MIT
//! A build that lacks a feature refuses modules by its name; one that has it takes them.

use wrt_decoder::validate;
use wrt_foundation::ErrorKind;

/// Modules that need a feature, and whether this build has it.
const MODULES: &[(&str, bool, &str)] = &[
    ("float", cfg!(feature = "float"), "(module (func (param f32)))"),
    ("tail-call", cfg!(feature = "tail-call"), "(module (func (return_call 0)))"),
    ("exceptions", cfg!(feature = "exceptions"), "(module (tag))"),
    ("exceptions", cfg!(feature = "exceptions"), "(module (func (try_table)))"),
    ("exceptions", cfg!(feature = "exceptions"), "(module (func (param exnref)))"),
    ("legacy-exceptions", cfg!(feature = "legacy-exceptions"), "(module (func try end))"),
    ("legacy-exceptions", cfg!(feature = "legacy-exceptions"), "(module (func try catch_all end))"),
    ("gc", cfg!(feature = "gc"), "(module (type (struct)))"),
    ("gc", cfg!(feature = "gc"), "(module (func (drop (ref.i31 (i32.const 0)))))"),
    ("gc", cfg!(feature = "gc"), "(module (func (param anyref)))"),
    ("gc", cfg!(feature = "gc"), "(module (rec (type (func)) (type (func))))"),
    ("function-references", cfg!(feature = "function-references"), "(module (type $t (func)) (func (param (ref $t))))"),
    ("function-references", cfg!(feature = "function-references"), "(module (table 1 funcref (ref.null func)))"),
    ("custom-page-sizes", cfg!(feature = "custom-page-sizes"), "(module (memory 1 (pagesize 1)))"),
];

#[test]
fn what_is_missing_is_named() {
    for (feature, have, text) in MODULES {
        let result = validate(&wat::parse_str(text).unwrap(), &mut [0; 300]).map_err(|e| e.fault);
        match result {
            Ok(_) => assert!(have, "{text} was taken without {feature}"),
            Err(fault) => {
                assert!(!have, "{text}: {}", fault.message());
                assert_eq!((fault.message(), fault.kind()), (format!("needs {feature}").as_str(), ErrorKind::Unsupported), "{text}");
            }
        }
    }
}
