;; SPDX-License-Identifier: MIT
;; Version 1 of a module that is sent over the shell: 10 times its argument; wat2wasm counter1.wat
(module
  (func (export "main") (result i32) (i32.const 1))
  (func (export "scale") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 10)))
  (func (export "forever") (loop $l (br $l)))
  (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0))))
