;; The second version: it says 2, and is longer.
(module
  (import "host" "print" (func $print (param i32 i32)))
  (memory (export "memory") 1 1)
  (data (i32.const 0) "this is version 2, which is longer")
  (func (export "main") (result i32) (call $print (i32.const 0) (i32.const 34)) (i32.const 2)))
