;; A guest for samples/hello_wasm that traps under two calls: wat2wasm --debug-names -o board_trap.wasm board_trap.wat
(module
  (import "host" "print" (func $print (param i32 i32)))
  (func $divide (param i32) (result i32) (i32.div_u (i32.const 100) (local.get 0)))
  (func $share (param i32) (result i32) (i32.add (call $divide (local.get 0)) (i32.const 1)))
  (func (export "main") (drop (call $share (i32.const 0)))))
