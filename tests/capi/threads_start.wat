;; Waits before it is ready.
(module
  (import "env" "memory" (memory 1 2 shared))
  (func $start (drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const 1000000))))
  (start $start))
