using Broker.Admin;
using Broker.Tests.Running;

namespace Broker.Tests.Admin;

/// <summary>A file of passwords with an admin and a viewer.</summary>
internal sealed class PasswordFolder : IDisposable
{
    public const string AlicesPassword = "correct horse";
    public const string VictorsPassword = "battery staple";

    private static readonly PasswordEntry[] Entries =
        [PasswordEntry.Of("alice", AdminRole.Admin, AlicesPassword), PasswordEntry.Of("victor", AdminRole.Viewer, VictorsPassword)];

    private readonly DataFolder _folder = new();

    public PasswordFolder() => File.WriteAllLines(Path, Entries.Select(entry => entry.ToString()));

    public string Path => System.IO.Path.Combine(_folder.Path, "passwords");

    /// <summary>Takes all others out of the file.</summary>
    public void KeepOnly(string name) => File.WriteAllLines(Path, Entries.Where(entry => entry.Name == name).Select(entry => entry.ToString()));

    public void Dispose() => _folder.Dispose();
}
