namespace Broker.Storage;

/// <summary>The entries of one block that is to be written.</summary>
/// <param name="Bytes">Buffer, from the shared pool unless it holds a kept message.</param>
/// <param name="Length">Bytes of it that are used.</param>
/// <param name="KeptOffset">Offset of the kept message that the block holds.</param>
internal readonly record struct JournalPayload(byte[] Bytes, int Length, long? KeptOffset);
