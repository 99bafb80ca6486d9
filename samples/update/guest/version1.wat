;; The first version: it says 1.
(module
  (import "host" "print" (func $print (param i32 i32)))
  (memory (export "memory") 1 1)
  (data (i32.const 0) "this is version 1")
  (func (export "main") (result i32) (call $print (i32.const 0) (i32.const 17)) (i32.const 1)))
