;; A filter on doubles, with a global of 64 bits.
(module (memory (export "m") 1 1) (global $gain (mut f64) (f64.const 0.75)) (global $n (mut i64) (i64.const 7))
  (func $step (param f64 f64) (result f64)
    (f64.add (f64.mul (local.get 0) (global.get $gain)) (f64.div (local.get 1) (f64.sqrt (f64.const 3)))))
  (func (export "run") (result i32) (local $i i32) (local $y f64)
    (loop $l
      (global.set $n (i64.add (i64.mul (global.get $n) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (local.set $y (call $step (local.get $y) (f64.convert_i32_s (i32.wrap_i64 (i64.shr_u (global.get $n) (i64.const 40))))))
      (f64.store (i32.mul (local.get $i) (i32.const 64)) (local.get $y))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
    (i32.wrap_i64 (i64.reinterpret_f64 (local.get $y)))))
