(module
  (tag (export "tag") (param i32))
  (memory (export "first") 1 1)
  (memory (export "second") 1 1)
  (data (memory 1) (i32.const 3) "\2a")
  (func (export "throw") (param i32) (throw 0 (local.get 0))))
