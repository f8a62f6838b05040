using System.Runtime.InteropServices;

namespace Broker.Bench.Streams;

/// <summary>A line of what a silo has handled.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct HandledEvent(int Phase, int Stream, int Number, long SentAt, long HandledAt);
