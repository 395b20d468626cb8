/** Virtual LuatOS devices of every generation, over real sockets. */
export type {};
