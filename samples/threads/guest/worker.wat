;; A guest thread: all of them have one memory, and a lock in it.
;;
;;     wasm-tools parse worker.wat -o worker.wasm
(module
  ;; 1024 pages of 1 byte: a board has no room for pages of 64 KiB.
  (import "env" "memory" (memory 1024 1024 shared (pagesize 1)))
  ;; Word 0 is the lock: 0 free, 1 taken, 2 taken and somebody may wait. Word 4 is the counter, word 8 is for sleeping.
  (func $lock (result i32) (local $waits i32)
    ;; Nobody has it: one instruction, no call of the host.
    (if (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))) (then (return (i32.const 0))))
    (loop $again
      (if (i32.eqz (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2))) (then (return (local.get $waits))))
      (local.set $waits (i32.add (local.get $waits) (i32.const 1)))
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))
      (br $again))
    (unreachable))
  (func $unlock
    (if (i32.ne (i32.atomic.rmw.sub (i32.const 0) (i32.const 1)) (i32.const 1))
      (then
        (i32.atomic.store (i32.const 0) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))

  ;; Adds n to the counter, one by one under the lock; how often it waited for the lock. Every `sleep`th time it sleeps a
  ;; millisecond with the lock in its hand, so that the others have to wait.
  (func (export "count") (param $n i32) (param $sleep i32) (result i32) (local $waits i32)
    (loop $next
      (local.set $waits (i32.add (local.get $waits) (call $lock)))
      (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
      (if (i32.eqz (i32.rem_u (local.get $n) (local.get $sleep)))
        (then (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1000000)))))
      (call $unlock)
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $waits))

  ;; Waits until somebody wakes it: 0.
  (func (export "wait") (param i32 i32) (result i32)
    (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const -1)))
  ;; Wakes the one that waits, as soon as it does: how many it has woken.
  (func (export "wake") (param i32 i32) (result i32) (local $woken i32)
    (loop $next
      (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1000000)))
      (br_if $next (i32.eqz (local.tee $woken (memory.atomic.notify (i32.const 16) (i32.const -1))))))
    (local.get $woken)))
