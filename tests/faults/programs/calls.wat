;; Recursion, and calls through a table.
(module (memory (export "m") 1 1) (type $f (func (param i32) (result i32))) (table 4 4 funcref)
  (elem (i32.const 0) $fib $twice $less $fib)
  (func $fib (type $f) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                   (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 2)) (i32.const 3))))))
  (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
  (func $less (type $f) (i32.sub (local.get 0) (i32.const 3)))
  (func (export "run") (result i32) (local $i i32) (local $v i32)
    (loop $l
      (local.set $v (i32.add (local.get $v) (call_indirect (type $f) (local.get $i) (i32.rem_u (local.get $i) (i32.const 3)))))
      (i32.store (i32.mul (local.get $i) (i32.const 4)) (local.get $v))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 14))))
    (local.get $v)))
