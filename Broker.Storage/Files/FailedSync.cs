namespace Broker.Storage.Files;

/// <summary>What is to be done after an fsync failed, before another one may be believed.</summary>
internal static class FailedSync
{
    private const int Chunk = 1 << 20;

    /// <summary>
    /// Writes bytes again that a file has already. After a failed fsync the operating system may hold the pages for clean although they never
    /// reached the device; this makes them dirty again.
    /// </summary>
    public static void WriteAgain(IStorageFile file, long position, long end)
    {
        byte[] buffer = new byte[(int)Math.Clamp(end - position, 0, Chunk)];
        while (position < end)
        {
            int read = file.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - position)), position);
            if (read == 0)
                throw new EndOfStreamException($"a file ends at {position}, before {end}");
            file.Write([buffer.AsMemory(0, read)], position);
            position += read;
        }
    }
}
