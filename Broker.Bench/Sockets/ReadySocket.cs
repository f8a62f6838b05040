namespace Broker.Bench.Sockets;

/// <summary>A socket that a wait ended for.</summary>
/// <param name="Key">What it was added under.</param>
/// <param name="Readable">There is something to read, be it the end or an error.</param>
/// <param name="Writable">There is room to write.</param>
public readonly record struct ReadySocket(int Key, bool Readable, bool Writable);
