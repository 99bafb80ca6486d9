;; Vectors between numbers, as parameters and results of functions of both sides.
(module
  (import "host" "vector" (func $vector (param i32 v128 i64) (result v128 i32)))
  (func (export "turn") (param i32 v128 i64 v128) (result v128 i64 v128 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "host") (param v128) (result v128 i32)
    (call $vector (i32.const 7) (i32x4.add (local.get 0) (i32x4.splat (i32.const 1))) (i64.const -9)))
)
