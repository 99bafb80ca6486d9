;; One entry of the import section can stand for several imports (compact imports proposal).
(module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32) (i32.const 2))
  (global (export "three") i32 (i32.const 3))
  (memory (export "memory") 1))
(register "m")

(module
  (import "m"
    (item "one" (func $one (result i32)))
    (item "three" (global $three i32))
    (item "memory" (memory 1)))
  (func (export "sum") (result i32)
    (i32.add (call $one) (i32.add (global.get $three) (memory.size)))))
(assert_return (invoke "sum") (i32.const 5))

(module
  (import "m" (item "one") (item "two") (item "one") (func (result i32)))
  (func (export "sum") (result i32) (i32.add (call 0) (i32.mul (call 1) (i32.const 10)))))
(assert_return (invoke "sum") (i32.const 21))

(assert_unlinkable
  (module (import "m" (item "one" (func (result i32))) (item "four" (func (result i32)))))
  "unknown import")
