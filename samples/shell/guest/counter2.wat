;; SPDX-License-Identifier: MIT
;; Version 2 of a module that is sent over the shell: 1000 times its argument; wat2wasm counter2.wat
(module
  (func (export "main") (result i32) (i32.const 2))
  (func (export "scale") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 1000)))
  (func (export "forever") (loop $l (br $l)))
  (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0))))
