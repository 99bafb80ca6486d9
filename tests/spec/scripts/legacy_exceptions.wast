;; Exceptions in their old encoding: what the proposal's own scripts leave out.

(module $lib
  (tag (export "word") (param i32))
  (tag $own (param i32))
  (func (export "throw") (param i32) (throw 0 (local.get 0)))
  (func (export "throw_own") (throw $own (i32.const 9))))
(register "lib")

;; Values and branches.
(module
  (tag $all (param i32 i64 f32 f64 v128 i32))
  (tag $wide (param i64 i64 i64))
  (tag $none)
  ;; Every type of value, above an operand that stays.
  (func (export "values") (result i32 i32 i64 f32 f64 v128 i32)
    i32.const 77
    try (result i32 i64 f32 f64 v128 i32)
      i32.const 1 i64.const 2 f32.const 3 f64.const 4 v128.const i32x4 5 6 7 8 i32.const 9
      throw $all
    catch $all
    end)
  ;; A branch takes the values out of the catch, from above the exception.
  (func (export "branch") (param i32) (result i64 i64 i64)
    try (result i64 i64 i64)
      i64.const 1 i64.const 2 i64.const 3
      throw $wide
    catch $wide
      local.get 0
      br_if 0
      drop drop drop
      i64.const 4 i64.const 5 i64.const 6
      br 0
    end)
  (func (export "branch_table") (param i32) (result i32)
    block (result i32)
      try (result i32)
        try (result i32)
          throw $none
        catch_all
          i32.const 5
          local.get 0
          br_table 0 1 2
        end
        i32.const 1
        i32.add
      catch_all
        unreachable
      end
      i32.const 2
      i32.add
    end
    i32.const 4
    i32.add)
  ;; Parameters of the block, and what the body made of a local.
  (func (export "locals") (param $x i32) (result i32)
    local.get $x
    try (param i32) (result i32)
      i32.const 10
      i32.add
      local.set $x
      throw $none
    catch $none
      local.get $x
    end)
  ;; An operand below the block keeps what the local was.
  (func (export "lazy") (param $x i32) (result i32 i32)
    local.get $x
    try
      (local.set $x (i32.const 8))
      throw $none
    catch_all
    end
    local.get $x)
  (func (export "loop") (param $n i32) (result i32)
    (local $sum i32)
    loop $again
      try
        (if (i32.and (local.get $n) (i32.const 1)) (then (throw $none)))
        (local.set $sum (i32.add (local.get $sum) (i32.const 100)))
      catch $none
        (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
        (return (local.get $sum))
      end
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
    end
    local.get $sum)
  ;; Ends that nothing reaches, and a catch in code that nothing reaches.
  (func (export "dead") (result i32)
    try (result i32)
      throw $none
    catch $wide
      unreachable
    catch $none
      try (result i32)
        i32.const 3
        return
      catch_all
        rethrow 0
        i32.add
      end
    end
    i32.const 1
    i32.add)
  (func (export "dead_code") (result i32)
    i32.const 4
    return
    try (result i32)
      unreachable
      i32.add
    catch $wide
      drop
      i64.eqz
      i32.const 1
      br_if 0
      rethrow 0
      drop
    catch_all
      try
      delegate 0
      rethrow 0
    end)
  ;; A tail call within a body is out of it.
  (func $throws (throw $none))
  (func (export "tail") (result i32)
    try (result i32)
      try (result i32)
        call $tail
        i32.const 1
      catch_all
        i32.const 2
      end
    catch_all
      i32.const 3
    end)
  (func $tail
    try
      return_call $throws
    catch_all
      unreachable
    end)
)

(assert_return (invoke "values")
  (i32.const 77) (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i32x4 5 6 7 8) (i32.const 9))
(assert_return (invoke "branch" (i32.const 1)) (i64.const 1) (i64.const 2) (i64.const 3))
(assert_return (invoke "branch" (i32.const 0)) (i64.const 4) (i64.const 5) (i64.const 6))
(assert_return (invoke "branch_table" (i32.const 0)) (i32.const 12))
(assert_return (invoke "branch_table" (i32.const 1)) (i32.const 11))
(assert_return (invoke "branch_table" (i32.const 2)) (i32.const 9))
(assert_return (invoke "locals" (i32.const 5)) (i32.const 15))
(assert_return (invoke "lazy" (i32.const 5)) (i32.const 5) (i32.const 8))
(assert_return (invoke "loop" (i32.const 5)) (i32.const 203))
(assert_return (invoke "dead") (i32.const 3))
(assert_return (invoke "dead_code") (i32.const 4))
(assert_return (invoke "tail") (i32.const 2))

;; Who catches what: tags of another instance, both encodings together.
(module
  (tag $word (import "lib" "word") (param i32))
  (func $throw (import "lib" "throw") (param i32))
  (func $throw_own (import "lib" "throw_own"))
  (tag $own (param i32))
  (global $seen (mut i32) (i32.const 0))
  (func $see (param i32)
    (global.set $seen (i32.add (i32.mul (global.get $seen) (i32.const 10)) (local.get 0))))
  (func (export "seen") (result i32)
    (global.get $seen)
    (global.set $seen (i32.const 0)))
  (func (export "imported") (param i32) (result i32)
    try (result i32)
      (call $throw (local.get 0))
      i32.const 0
    catch $own
      drop
      i32.const -1
    catch $word
    end)
  ;; Nobody here knows the tag: it is thrown on.
  (func $unknown
    try
      call $throw_own
    catch $word
      drop
    catch $own
      drop
    catch_all
      (call $see (i32.const 1))
      rethrow 0
    end)
  (func (export "unknown") (call $unknown))
  (func (export "unknown_caught") (result i32)
    try (result i32)
      call $unknown
      i32.const 0
    catch_all
      (call $see (i32.const 2))
      i32.const 1
    end)
  ;; The inner one of two exceptions, or the outer one.
  (func (export "rethrow") (param $outer i32) (result i32)
    try (result i32)
      try (result i32)
        (throw $own (i32.const 1))
      catch $own
        try (result i32)
          (throw $own (i32.const 2))
        catch $own
          local.get $outer
          if
            rethrow 2
          end
          rethrow 0
        end
        i32.add
      end
    catch $own
    end)
  ;; What is thrown in a catch is not caught by the same try.
  (func (export "again") (result i32)
    try (result i32)
      try (result i32)
        (throw $own (i32.const 1))
      catch $own
        drop
        (throw $own (i32.const 2))
      catch_all
        unreachable
      end
    catch $own
    end)
  ;; After a try that delegates, its neighbours count again; within, they do not.
  (func (export "delegate") (param $inside i32) (result i32)
    try $outer (result i32)
      try (result i32)
        try
          local.get $inside
          if
            (throw $own (i32.const 1))
          end
        delegate $outer
        (throw $own (i32.const 2))
      catch $own
        i32.const 10
        i32.add
      end
    catch $own
      i32.const 20
      i32.add
    end)
  ;; In a catch, what is around its try counts: for a delegate to it and for one to a block in it.
  (func (export "delegate_in_catch") (param $to_block i32) (result i32)
    try (result i32)
      try $inner
        (throw $own (i32.const 1))
      catch $own
        drop
        block $block
          local.get $to_block
          if
            try
              (throw $own (i32.const 3))
            delegate $block
          end
          try
            (throw $own (i32.const 4))
          delegate $inner
        end
      catch_all
        unreachable
      end
      i32.const 0
    catch $own
    end)
  ;; A try_table within a try, a try within a try_table, a delegate to a try_table's block.
  (func (export "both") (param $n i32) (result i32)
    block $caught (result i32)
      block $all (result exnref)
        try_table $table (result i32) (catch $own $caught) (catch_all_ref $all)
          try (result i32)
            try (result i32)
              local.get $n
              i32.eqz
              if
                (throw $own (i32.const 5))
              end
              (call $throw (local.get $n))
              unreachable
            delegate $table
          catch_all
            i32.const -1
          end
        end
        br 1
      end
      drop
      i32.const 6
    end)
  (func (export "thrown_by_reference") (result i32)
    try (result i32)
      block $all (result exnref)
        try_table (catch_all_ref $all)
          (throw $own (i32.const 8))
        end
        unreachable
      end
      throw_ref
    catch $own
    end)
)

(assert_return (invoke "imported" (i32.const 6)) (i32.const 6))
(assert_exception (invoke "unknown"))
(assert_return (invoke "unknown_caught") (i32.const 1))
(assert_return (invoke "seen") (i32.const 112))
(assert_return (invoke "rethrow" (i32.const 0)) (i32.const 2))
(assert_return (invoke "rethrow" (i32.const 1)) (i32.const 1))
(assert_return (invoke "again") (i32.const 2))
(assert_return (invoke "delegate" (i32.const 0)) (i32.const 12))
(assert_return (invoke "delegate" (i32.const 1)) (i32.const 21))
(assert_return (invoke "delegate_in_catch" (i32.const 0)) (i32.const 4))
(assert_return (invoke "delegate_in_catch" (i32.const 1)) (i32.const 3))
(assert_return (invoke "both" (i32.const 0)) (i32.const 5))
(assert_return (invoke "both" (i32.const 1)) (i32.const 6))
(assert_return (invoke "thrown_by_reference") (i32.const 8))

;; Objects as values, and the exception itself, while other objects are made.
(module
  (type $box (struct (field i32)))
  (tag $boxed (param (ref $box) i64 (ref null $box)))
  (func $box (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
  (func $throw (param i32)
    (throw $boxed (call $box (local.get 0)) (i64.const 1) (call $box (i32.const 30))))
  (func $waste (local $i i32)
    loop
      (drop (call $box (i32.const 99)))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20)))
    end)
  (func (export "objects") (result i32)
    (local $a (ref null $box)) (local $c (ref null $box))
    (call $box (i32.const 4))
    try (param (ref $box)) (result (ref $box))
      drop
      try (result (ref $box))
        (call $throw (i32.const 200))
        call $waste
        unreachable
      catch_all
        call $waste
        rethrow 0
      end
    catch $boxed
      call $waste
      local.set $c
      drop
      local.set $a
      call $waste
      try
        rethrow 1
      catch $boxed
        call $waste
        struct.get $box 0
        (struct.get $box 0 (local.get $c))
        i32.add
        (local.set $c (call $box))
        drop
        drop
      end
      local.get $a
      ref.as_non_null
    end
    struct.get $box 0
    local.get $c
    struct.get $box 0
    i32.add)
  ;; A local without a value from the start has none in a catch.
  (func (export "initialised") (result i32)
    (local $r (ref $box))
    try
      (local.set $r (call $box (i32.const 1)))
      (throw $boxed (local.get $r) (i64.const 0) (local.get $r))
    catch $boxed
      drop
      drop
      local.set $r
      (return (struct.get $box 0 (local.get $r)))
    end
    i32.const 0)
)
(assert_return (invoke "objects") (i32.const 260))
(assert_return (invoke "initialised") (i32.const 1))

;; What is wrong.
(assert_invalid
  (module
    (type $box (struct))
    (func (local $r (ref $box))
      try
        (local.set $r (struct.new $box))
      catch_all
        (drop (local.get $r))
      end))
  "uninitialized local")
(assert_invalid (module (tag $t) (func (result i32) try (result i32) i32.const 1 catch $t end)) "type mismatch")
(assert_invalid (module (tag $t (param i64)) (func (result i32) try (result i32) i32.const 1 catch $t end)) "type mismatch")
(assert_invalid (module (tag $t) (func (result i32) i32.const 1 try catch $t br 0 end drop)) "type mismatch")
(assert_invalid (module (tag $t) (func i32.const 1 try catch $t drop end)) "type mismatch")
(assert_invalid (module (func try catch_all drop end)) "type mismatch")
(assert_invalid (module (func try catch_all throw_ref end)) "type mismatch")
(assert_invalid (module (func try catch 0 end)) "unknown tag")
(assert_invalid (module (func try delegate 1)) "unknown label")
(assert_invalid (module (func try rethrow 0 catch_all end)) "invalid rethrow label")
(assert_invalid (module (func try catch_all end rethrow 0)) "invalid rethrow label")
(assert_invalid (module (func try catch_all block rethrow 0 end end)) "invalid rethrow label")
(assert_invalid (module (func try catch_all rethrow 2 end)) "unknown label")
(assert_invalid (module (func try (result i32) delegate 0 drop)) "type mismatch")

;; One function of bytes 0x06 try, 0x07 catch, 0x18 delegate, 0x19 catch_all where they must not be.
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\19\0b")
  "misplaced CATCH or DELEGATE opcode")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\09\01\07\00\06\40\19\19\0b\0b")
  "misplaced CATCH or DELEGATE opcode")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\09\01\07\00\06\40\19\18\00\0b")
  "misplaced CATCH or DELEGATE opcode")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0d\03\01\00\00" "\0a\0a\01\08\00\02\40\07\00\0b\0b\0b")
  "misplaced CATCH or DELEGATE opcode")
