using System.Security.Cryptography;

namespace Broker.Admin;

/// <summary>A file that browsers fetch.</summary>
/// <param name="Type">Its content type.</param>
/// <param name="Bytes">What is in it.</param>
internal sealed record StaticFile(string Type, byte[] Bytes)
{
    /// <summary>Part of its hash: another one for other contents, so that browsers may keep what they have.</summary>
    public string Version { get; } = Convert.ToHexString(SHA256.HashData(Bytes))[..12].ToLowerInvariant();

    /// <summary>The type of a file by its name.</summary>
    public static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
