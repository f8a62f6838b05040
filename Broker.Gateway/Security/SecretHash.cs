using System.Globalization;
using System.Security.Cryptography;

namespace Broker.Gateway.Security;

/// <summary>
/// How the file of users keeps a secret: <c>sha256$&lt;salt&gt;$&lt;hash&gt;</c> for what a machine made up, of 128 random bits
/// or more, and <c>pbkdf2-sha256$&lt;iterations&gt;$&lt;salt&gt;$&lt;hash&gt;</c> for what people chose; salt and hash in base64.
/// </summary>
public sealed class SecretHash
{
    private const string Fast = "sha256";
    private const string Slow = "pbkdf2-sha256";
    private const int SaltBytes = 16;
    private const int MinIterations = 100_000;
    private const int MaxIterations = 10_000_000;

    private readonly int _iterations;
    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private SecretHash(int iterations, byte[] salt, byte[] hash)
    {
        _iterations = iterations;
        _salt = salt;
        _hash = hash;
    }

    /// <summary>What a user that is not there is compared with, so that the time it takes does not tell who has a machine's secret.</summary>
    public static SecretHash Nobody { get; } = new(0, RandomNumberGenerator.GetBytes(SaltBytes), RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes));

    /// <summary>Whether checking it takes long on purpose.</summary>
    public bool IsSlow => _iterations > 0;

    /// <summary>Hashes a secret with a new salt.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="iterations">0 for <c>sha256</c>.</param>
    public static SecretHash Of(ReadOnlySpan<byte> secret, int iterations = 0)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new SecretHash(iterations, salt, Compute(secret, salt, iterations));
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong, without the hash.</exception>
    public static SecretHash Parse(string text)
    {
        string[] parts = text.Split('$');
        int iterations = 0;
        if (parts is [Slow, string count, _, _])
        {
            if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out iterations)
                || iterations is < MinIterations or > MaxIterations)
            {
                throw new FormatException($"a number of iterations from {MinIterations} to {MaxIterations} is missing");
            }
        }
        else if (parts is not [Fast, _, _])
        {
            throw new FormatException($"it is neither {Fast}$<salt>$<hash> nor {Slow}$<iterations>$<salt>$<hash>");
        }
        byte[] salt = FromBase64(parts[^2]);
        byte[] hash = FromBase64(parts[^1]);
        if (salt.Length == 0 || hash.Length != SHA256.HashSizeInBytes)
            throw new FormatException($"the salt is empty or the hash has not {SHA256.HashSizeInBytes} bytes");
        return new SecretHash(iterations, salt, hash);
    }

    /// <summary>Whether this is the secret. The comparison takes as long for a wrong one as for the right one.</summary>
    public bool Matches(ReadOnlySpan<byte> secret) => CryptographicOperations.FixedTimeEquals(Compute(secret, _salt, _iterations), _hash);

    /// <summary>As the file has it.</summary>
    public string ToFileText()
    {
        string rest = $"{Convert.ToBase64String(_salt)}${Convert.ToBase64String(_hash)}";
        return IsSlow ? string.Create(CultureInfo.InvariantCulture, $"{Slow}${_iterations}${rest}") : $"{Fast}${rest}";
    }

    private static byte[] Compute(ReadOnlySpan<byte> secret, byte[] salt, int iterations) => iterations > 0
        ? Rfc2898DeriveBytes.Pbkdf2(secret, salt, iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes)
        : HMACSHA256.HashData(salt, secret);

    private static byte[] FromBase64(string text)
    {
        byte[] bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out int written)
            ? bytes[..written]
            : throw new FormatException("salt and hash are not base64");
    }
}
