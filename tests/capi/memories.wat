;; Three memories: two that may grow without end, one by a page.
(module
  (memory $a 1)
  (memory $b 1)
  (memory $c 0 1)
  (func (export "grow") (param i32) (result i32 i32 i32)
    (memory.grow $a (local.get 0)) (memory.grow $b (local.get 0)) (memory.grow $c (local.get 0)))
)
