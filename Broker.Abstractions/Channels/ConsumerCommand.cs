using System.Runtime.InteropServices;

namespace Broker.Channels;

/// <summary>One command of one consumer: 24 bytes without references, so that a batch of them is one buffer.</summary>
/// <param name="Offset">The message's offset, for FIN, REQ and TOUCH; else a position; see <see cref="CommandKind"/>.</param>
/// <param name="Value">Milliseconds, count or bytes; see <see cref="CommandKind"/>.</param>
/// <param name="Consumer">The consumer's number within its gateway.</param>
/// <param name="Kind">What is asked for.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly record struct ConsumerCommand(long Offset, long Value, int Consumer, CommandKind Kind);
