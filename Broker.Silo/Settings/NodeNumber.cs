using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Broker.Silo.Settings;

/// <summary>The number of a node that was given none: the one that nsqd derives from the same host name (spec 1.11).</summary>
public static class NodeNumber
{
    /// <summary>The greatest number of a node.</summary>
    public const int Max = 1023;

    private const uint Polynomial = 0xEDB88320;

    /// <summary>The number of this machine.</summary>
    // Environment.MachineName would cut the name at its first dot, and so give another number than nsqd's.
    public static int OfThisHost => OfHost(Dns.GetHostName());

    /// <summary>The number of a broker on this machine, another one for another data path.</summary>
    public static int OfDataPath(string dataPath) => OfHost($"{Dns.GetHostName()}:{dataPath}");

    /// <summary>The number of the machine called <paramref name="hostName"/>.</summary>
    public static int OfHost(string hostName) =>
        (int)(Crc32(MD5.HashData(Encoding.UTF8.GetBytes(hostName))) % (Max + 1));

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ Polynomial;
        }
        return ~crc;
    }
}
