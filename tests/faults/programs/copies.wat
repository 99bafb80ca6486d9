;; Bulk operations that overlap, in both directions, and a segment.
(module (memory (export "m") 1 1) (global $at (mut i32) (i32.const 64)) (data $d "The quick brown fox jumps over the lazy dog.")
  (func (export "run") (result i32) (local $i i32) (local $h i32)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 44))
    (loop $l
      (memory.copy (global.get $at) (i32.const 0) (i32.add (i32.const 44) (local.get $i)))
      (memory.fill (i32.add (global.get $at) (local.get $i)) (local.get $i) (i32.const 17))
      (memory.copy (i32.const 3) (i32.const 0) (i32.const 1500))
      (global.set $at (i32.and (i32.add (global.get $at) (i32.const 97)) (i32.const 8191)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40))))
    (local.set $i (i32.const 0))
    (loop $s
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load8_u (local.get $i))))
      (br_if $s (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 13))) (i32.const 9000))))
    (local.get $h)))
