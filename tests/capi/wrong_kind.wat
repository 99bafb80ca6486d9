(module (import "env" "memory" (func)))
