using System.Runtime.InteropServices;

namespace Broker.Gateways;

/// <summary>A run without its records: 24 bytes without references, so that many of them are one buffer.</summary>
/// <param name="FirstOffset">Offset of the first record.</param>
/// <param name="Consumer">The consumer's number within the gateway.</param>
/// <param name="Count">Number of records.</param>
/// <param name="Size">Bytes that the records take.</param>
/// <param name="Attempts">Deliveries of these messages with this one, 1 to 65535.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly record struct RunHeader(long FirstOffset, int Consumer, int Count, int Size, int Attempts);
