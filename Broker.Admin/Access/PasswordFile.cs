using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>
/// The users who can log in. The file is read again when it has changed, looked at once a second at most; one that cannot be used is
/// logged, and what was read before goes on to count.
/// </summary>
public sealed class PasswordFile : IDisposable
{
    // More would only wait for each other: one hash is checked at a time, or guessing would take the broker's cores.
    private const int WaitingAtMost = 8;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly byte[] _provenKey = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
    private readonly Dictionary<string, byte[]> _proven = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<PasswordFile> _logger;
    private Dictionary<string, PasswordEntry> _entries;
    private (DateTime Written, long Length) _stamp;
    private long _lookedAt;
    private int _waiting;

    /// <param name="path">The file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="AdminSettingsException">The file cannot be used; the message says why.</exception>
    public PasswordFile(string path, TimeProvider time, ILogger<PasswordFile> logger)
    {
        _path = path;
        _time = time;
        _logger = logger;
        _stamp = StampOf(path);
        _entries = Read();
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>A user; null when there is none of that name.</summary>
    public PasswordEntry? Find(string name)
    {
        lock (_sync)
        {
            if (_time.GetElapsedTime(_lookedAt) >= LookInterval)
                LookAgain();
            return _entries.GetValueOrDefault(name);
        }
    }

    /// <summary>The user of that name and password; null when there is none, or when too many are waiting to know.</summary>
    public async Task<PasswordEntry?> VerifyAsync(string name, string password, CancellationToken cancellation)
    {
        PasswordEntry? entry = Find(name);
        byte[] proof = HMACSHA256.HashData(_provenKey, Encoding.UTF8.GetBytes($"{entry?.Hash}:{password}"));
        if (entry is not null && IsProven(name, proof))
            return entry;
        if (Interlocked.Increment(ref _waiting) > WaitingAtMost)
        {
            Interlocked.Decrement(ref _waiting);
            return null;
        }
        try
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                bool isRight = await Task.Run(() => (entry ?? PasswordEntry.Unknown).Matches(password), cancellation);
                if (!isRight || entry is null)
                    return null;
                lock (_sync)
                    _proven[name] = proof;
                return entry;
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static (DateTime Written, long Length) StampOf(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    // Scripts send their password with every request; who has proven it once need not do so slowly again.
    private bool IsProven(string name, byte[] proof)
    {
        lock (_sync)
            return _proven.TryGetValue(name, out byte[]? proven) && CryptographicOperations.FixedTimeEquals(proven, proof);
    }

    private void LookAgain()
    {
        _lookedAt = _time.GetTimestamp();
        (DateTime, long) stamp = StampOf(_path);
        if (stamp == _stamp)
            return;
        _stamp = stamp;
        try
        {
            _entries = Read();
            _proven.Clear();
            _logger.PasswordsReloaded(_path, _entries.Count);
        }
        catch (AdminSettingsException e)
        {
            _logger.PasswordsNotReloaded(_path, e.Message);
        }
    }

    private Dictionary<string, PasswordEntry> Read()
    {
        Dictionary<string, PasswordEntry> entries = new(StringComparer.Ordinal);
        int number = 0;
        try
        {
            foreach (string line in File.ReadLines(_path))
            {
                number++;
                if (line.Trim() is not { Length: > 0 } text || text.StartsWith('#'))
                    continue;
                PasswordEntry entry = PasswordEntry.Parse(text);
                if (!entries.TryAdd(entry.Name, entry))
                    throw new FormatException($"\"{entry.Name}\" stands there twice");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AdminSettingsException($"admin-password-file: {_path} cannot be read: {e.Message}", e);
        }
        catch (FormatException e)
        {
            throw new AdminSettingsException($"admin-password-file: {_path}:{number}: {e.Message}", e);
        }
        return entries.Count > 0
            ? entries
            : throw new AdminSettingsException($"admin-password-file: {_path} names no user; add a line that \"Broker.Silo hash-password\" prints");
    }
}
