using Microsoft.AspNetCore.Identity;

namespace Broker.Admin;

/// <summary>A line of the file of users: <c>name:role:hash</c>.</summary>
/// <param name="Name">The name.</param>
/// <param name="Role">What the user may do.</param>
/// <param name="Hash">The password's hash, as ASP.NET Core's password hasher makes it.</param>
public sealed record PasswordEntry(string Name, AdminRole Role, string Hash)
{
    private static readonly PasswordHasher<PasswordEntry> Hasher = new();

    /// <summary>What is compared for somebody who is not in the file, so that the time it takes does not tell who is.</summary>
    internal static PasswordEntry Unknown { get; } = Of("-", AdminRole.Viewer, Guid.NewGuid().ToString("N"));

    /// <summary>An entry for a new password.</summary>
    /// <exception cref="FormatException">The name cannot stand in the file.</exception>
    public static PasswordEntry Of(string name, AdminRole role, string password)
    {
        PasswordEntry entry = new(name, role, "");
        return Parse((entry with { Hash = Hasher.HashPassword(entry, password) }).ToString());
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong, without the hash.</exception>
    public static PasswordEntry Parse(string line)
    {
        if (line.Split(':') is not [{ Length: > 0 } name, { } role, { Length: > 0 } hash] || name.Any(char.IsControl))
            throw new FormatException("a line is name:role:hash, as \"Broker.Silo hash-password\" prints it");
        AdminRole parsed = role switch
        {
            "admin" => AdminRole.Admin,
            "viewer" => AdminRole.Viewer,
            _ => throw new FormatException($"\"{role}\" is no role; write admin or viewer"),
        };
        byte[] bytes = new byte[hash.Length];
        if (!Convert.TryFromBase64String(hash, bytes, out int length) || length < 32)
            throw new FormatException($"\"{name}\" has no valid hash; make one with \"Broker.Silo hash-password\"");
        return new PasswordEntry(name, parsed, hash);
    }

    /// <summary>Whether this is the user's password. Takes tens of milliseconds, on purpose.</summary>
    public bool Matches(string password) => Hasher.VerifyHashedPassword(this, Hash, password) != PasswordVerificationResult.Failed;

    /// <summary>As the file has it.</summary>
    public override string ToString() => $"{Name}:{(Role == AdminRole.Admin ? "admin" : "viewer")}:{Hash}";
}
