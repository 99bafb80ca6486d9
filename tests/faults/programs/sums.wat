;; Fills memory and sums it up: loads, stores, loops.
(module (memory (export "m") 1 1) (global $seed (mut i32) (i32.const 1))
  (func (export "run") (result i32) (local $i i32) (local $sum i32)
    (loop $fill
      (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store (local.get $i) (global.get $seed))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 68))) (i32.const 16000))))
    (loop $add
      (local.set $i (i32.sub (local.get $i) (i32.const 68)))
      (local.set $sum (i32.xor (i32.rotl (local.get $sum) (i32.const 5)) (i32.load (local.get $i))))
      (br_if $add (local.get $i)))
    (local.get $sum)))
