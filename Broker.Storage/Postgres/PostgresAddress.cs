using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>Where a database is, read from a connection string, with what this store needs filled in.</summary>
public sealed class PostgresAddress
{
    // Nobody who waits for the database waits longer than clients do for the broker.
    private const int ConnectSeconds = 3;
    private const int CommandSeconds = 10;

    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly TargetSessionAttributes? _target;

    private PostgresAddress(NpgsqlConnectionStringBuilder settings, TargetSessionAttributes? target)
    {
        _settings = settings;
        _target = target;
    }

    /// <summary>Hosts and database, without anything secret.</summary>
    public string Description => $"{_settings.Host}/{_settings.Database ?? _settings.Username}";

    /// <summary>How long a command or a few of them may take; infinite when the connection string says so.</summary>
    internal TimeSpan CommandTimeout => _settings.CommandTimeout > 0 ? TimeSpan.FromSeconds(_settings.CommandTimeout) : Timeout.InfiniteTimeSpan;

    /// <summary>Connections that the pool may have.</summary>
    internal int PoolSize => _settings.MaxPoolSize;

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="FormatException">It cannot be used; the message says why and repeats no part of it that may be secret.</exception>
    public static PostgresAddress Parse(string connectionString)
    {
        if (connectionString.StartsWith("postgres://", StringComparison.Ordinal) || connectionString.StartsWith("postgresql://", StringComparison.Ordinal))
            throw new FormatException("is a URL; write it as Host=...;Username=...;Password=...;Database=...");
        NpgsqlConnectionStringBuilder given;
        try
        {
            given = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // The cause may repeat what was written.
            throw new FormatException("is not a connection string; write it as Host=...;Username=...;Password=...;Database=...");
        }
        if (string.IsNullOrEmpty(given.Host))
            throw new FormatException("names no host; write it as Host=...;Username=...;Password=...;Database=...");
        TargetSessionAttributes? target = given.TargetSessionAttributes?.ToLowerInvariant() switch
        {
            null => given.Host.Contains(',') ? Npgsql.TargetSessionAttributes.Primary : null,
            "primary" => Npgsql.TargetSessionAttributes.Primary,
            "read-write" => Npgsql.TargetSessionAttributes.ReadWrite,
            "any" => Npgsql.TargetSessionAttributes.Any,
            _ => throw new FormatException("asks for a target session that cannot write; write Target Session Attributes=primary"),
        };
        // Several hosts go with the builder only when the choice among them is not in the string.
        given.TargetSessionAttributes = null;
        Fill(given);
        return new PostgresAddress(given, target);
    }

    /// <summary>
    /// Makes a source of pooled connections. Whoever uses one has to bound what they wait: when a command's own timeout is over, Npgsql asks the
    /// server to cancel it, over a connection that it reads from without awaiting.
    /// </summary>
    internal PostgresSource CreatePool() =>
        new(new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { CommandTimeout = 0 }.ConnectionString, _target);

    /// <summary>Makes a source of connections that are closed for good when they are disposed.</summary>
    /// <param name="name">How the connections call themselves.</param>
    internal PostgresSource CreateSingle(string name) =>
        new(new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Pooling = false, ApplicationName = name }.ConnectionString, _target);

    private static void Fill(NpgsqlConnectionStringBuilder settings)
    {
        Default(settings, "Timeout", value => settings.Timeout = value, ConnectSeconds);
        Default(settings, "Command Timeout", value => settings.CommandTimeout = value, CommandSeconds);
        Default(settings, "Max Auto Prepare", value => settings.MaxAutoPrepare = value, 64);
        Default(settings, "Auto Prepare Min Usages", value => settings.AutoPrepareMinUsages = value, 2);
        Default(settings, "Maximum Pool Size", value => settings.MaxPoolSize = value, 24);
        Default(settings, "Host Recheck Seconds", value => settings.HostRecheckSeconds = value, 2);
        // A socket in the file system, of which the system itself tells the end, takes no settings of TCP.
        if (!Path.IsPathRooted(settings.Host))
        {
            Default(settings, "Tcp Keepalive Time", value => settings.TcpKeepAliveTime = value, 5);
            Default(settings, "Tcp Keepalive Interval", value => settings.TcpKeepAliveInterval = value, 2);
            settings.TcpKeepAlive = true;
        }

        // Npgsql's own reads without awaiting, on threads that serve everybody: while the database is out of reach they would all be taken.
        settings.KeepAlive = 0;
        settings.ApplicationName ??= "broker";
        // No state is left behind in a session, so there is nothing to reset.
        settings.NoResetOnClose = true;
        // A commit that is cancelled while it waits for a standby reports success. So an answer that is late is not waited for any more.
        settings.CancellationTimeout = -1;
        // Error details repeat what rows contain.
        settings.IncludeErrorDetail = false;
        settings.Enlist = false;
        settings.Multiplexing = false;
    }

    private static void Default<T>(NpgsqlConnectionStringBuilder settings, string keyword, Action<T> set, T value)
    {
        if (!settings.ShouldSerialize(keyword))
            set(value);
    }
}
