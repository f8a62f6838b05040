using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broker.Gateway.Telemetry;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Security;

/// <summary>
/// Knows users by a file of its own: <c>AUTH</c>'s secret is <c>name:secret</c>. The file is read again when it has changed, looked
/// at once a second at most; one that cannot be used is logged, and what was read before goes on to count.
/// </summary>
public sealed class FileAuthenticator : IAuthenticator, IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // How long somebody who was taken out of the file may go on publishing.
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(30);

    private readonly Lock _sync = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // Slow hashes are meant to be slow for whoever guesses: one at a time, or guessing would take the broker's cores.
    private readonly SemaphoreSlim _slowTurn = new(1);
    private readonly byte[] _provenKey = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
    private Dictionary<string, User> _users;
    private FileStamp _stamp;
    private long _lookedAt;

    /// <param name="path">The file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="UserFileException">The file cannot be used; the message says why.</exception>
    public FileAuthenticator(string path, TimeProvider time, ILogger logger)
    {
        _path = path;
        _time = time;
        _logger = logger;
        _stamp = FileStamp.Of(path);
        _users = Read();
        _lookedAt = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public async ValueTask<Authorization?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> given = credentials.Secret;
        int colon = given.Span.IndexOf((byte)':');
        string name = colon < 0 ? "" : Encoding.UTF8.GetString(given.Span[..colon]);
        ReadOnlyMemory<byte> secret = given[(colon + 1)..];
        User? user = FindUser(name);
        bool isRight = await MatchesAsync(user, secret, cancellationToken);
        if (user is null || !isRight || (user.NeedsTls && !credentials.IsTls))
        {
            _logger.LoginRefused(credentials.RemoteAddress);
            return null;
        }
        return user.Authorization;
    }

    /// <inheritdoc/>
    public void Dispose() => _slowTurn.Dispose();

    private async ValueTask<bool> MatchesAsync(User? user, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken)
    {
        if (user is not { Hash.IsSlow: true })
            return (user?.Hash ?? SecretHash.Nobody).Matches(secret.Span);

        // Somebody who has proven the secret once need not do so slowly with each connection.
        byte[] proof = HMACSHA256.HashData(_provenKey, secret.Span);
        if (user.Proven is { } proven && CryptographicOperations.FixedTimeEquals(proof, proven))
            return true;
        await _slowTurn.WaitAsync(cancellationToken);
        try
        {
            bool isRight = await Task.Run(() => user.Hash.Matches(secret.Span), cancellationToken);
            if (isRight)
                user.Proven = proof;
            return isRight;
        }
        finally
        {
            _slowTurn.Release();
        }
    }

    private User? FindUser(string name)
    {
        lock (_sync)
        {
            if (_time.GetElapsedTime(_lookedAt) >= LookInterval)
                LookAgain();
            return _users.GetValueOrDefault(name);
        }
    }

    private void LookAgain()
    {
        _lookedAt = _time.GetTimestamp();
        FileStamp stamp = FileStamp.Of(_path);
        if (stamp == _stamp)
            return;
        _stamp = stamp;
        try
        {
            _users = Read();
            _logger.UsersReloaded(_path, _users.Count);
        }
        catch (UserFileException e)
        {
            _logger.UsersNotReloaded(e, _path);
        }
    }

    private Dictionary<string, User> Read()
    {
        try
        {
            UserFile? file = JsonSerializer.Deserialize(File.ReadAllBytes(_path), AuthJson.Default.UserFile);
            Dictionary<string, User> users = new(StringComparer.Ordinal);
            foreach (UserEntry? entry in file?.Users ?? [])
            {
                User user = User.Of(entry ?? new UserEntry(), TimeToLive);
                if (!users.TryAdd(user.Authorization.Identity, user))
                    throw new FormatException($"user \"{user.Authorization.Identity}\" stands there twice");
            }
            return users;
        }
        catch (Exception e) when (e is JsonException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new UserFileException($"auth-file: {_path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>A user as the file was read.</summary>
    private sealed class User(SecretHash hash, bool needsTls, Authorization authorization)
    {
        public SecretHash Hash => hash;

        public bool NeedsTls => needsTls;

        public Authorization Authorization => authorization;

        /// <summary>A fast keyed hash of the secret once it was right, under a key that only this process knows.</summary>
        public byte[]? Proven { get; set; }

        public static User Of(UserEntry entry, TimeSpan timeToLive)
        {
            if (entry.Name is not { Length: > 0 } name || name.Contains(':', StringComparison.Ordinal))
                throw new FormatException("each user needs a name without a colon");
            if (entry.SecretHash is not { } text)
                throw new FormatException($"user \"{name}\" has no secret_hash");
            try
            {
                const Permissions all = Permissions.Subscribe | Permissions.Publish | Permissions.Admin;
                IReadOnlyList<Grant> grants = [.. (entry.Authorizations ?? []).Select(grant => (grant ?? new AuthAnswerGrant()).ToGrant(all))];
                return new User(SecretHash.Parse(text), entry.TlsRequired is true, new Authorization(name, "", grants, timeToLive));
            }
            catch (Exception e) when (e is FormatException or JsonException)
            {
                throw new FormatException($"user \"{name}\": {e.Message}", e);
            }
        }
    }
}
