using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Npgsql;

namespace Broker.Tests.Storage.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own, on a free port of loopback with data of its own, from the system's installation. It ends with the
/// tests, however they end.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    private const int Sigquit = 3;
    private const int Sigkill = 9;

    // The guard reads until the tests write to it or are gone, whichever way.
    private const string Guard =
        """
        folder=$1; shift
        rm -f "$folder/ended"
        ("$@" >>"$folder/log" 2>&1 </dev/null & echo $! >"$folder/process"; wait $!; touch "$folder/ended") 2>/dev/null &
        read -r word || word=gone
        kill -INT "$(cat "$folder/process")" 2>/dev/null
        wait
        if [ "$word" = gone ]; then rm -rf "$folder"; fi
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<PostgresServer>> Shared = new(() => CreateAsync());

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("broker-postgres-");
    private readonly int _port = FindPort();
    private readonly string[] _settings;
    private Process? _guard;

    private PostgresServer(string[] settings) => _settings = settings;

    /// <summary>How to reach it.</summary>
    public string ConnectionString => string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=postgres;Password=hush;Database=postgres");

    /// <summary>How to reach it from any network of this machine: by its socket in the file system.</summary>
    public string SocketConnectionString => string.Create(
        CultureInfo.InvariantCulture, $"Host={_folder.FullName};Port={_port};Username=postgres;Password=hush;Database=postgres");

    /// <summary>The same for <c>psql</c>.</summary>
    public string PsqlConnection => string.Create(CultureInfo.InvariantCulture, $"host={_folder.FullName} port={_port} user=postgres dbname=postgres");

    /// <summary>That socket.</summary>
    public string Socket => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{_port}"));

    /// <summary>What it has logged.</summary>
    public string Log => File.ReadAllText(Path.Combine(_folder.FullName, "log"));

    private string Data => Path.Combine(_folder.FullName, "data");

    private static string Binaries => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .OrderBy(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int version) ? version : 0)
            .Select(folder => Path.Combine(folder, "bin"))
            .Last(folder => File.Exists(Path.Combine(folder, "initdb")))
        : throw new InvalidOperationException("PostgreSQL is not installed; test.sh installs it, or: apt-get install postgresql");

    /// <summary>The server that all tests of the run may use, each with a schema of its own.</summary>
    public static Task<PostgresServer> SharedAsync() => Shared.Value;

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="settings">Settings beside the usual ones, as <c>name=value</c>.</param>
    public static async Task<PostgresServer> CreateAsync(params string[] settings)
    {
        PostgresServer server = new(settings);
        try
        {
            // Its socket is for those of other networks, too, who are root in their own alone.
            File.SetUnixFileMode(server._folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            if (Environment.UserName == "root") await RunAsync("chown", "postgres:", server._folder.FullName);
            await RunAsync([.. AsUser, Path.Combine(Binaries, "initdb"), "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again after it was stopped, and waits until it takes connections.</summary>
    public async Task StartAsync()
    {
        // A server that is killed leaves children behind, which take a moment to notice; until then a new one refuses to start.
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            File.Delete(Path.Combine(_folder.FullName, "ended"));
            Launch();
            while (!File.Exists(Path.Combine(_folder.FullName, "ended")))
            {
                if (await IsUpAsync()) return;

                await Task.Delay(20);
            }

            await EndGuardAsync();
            if (Stopwatch.GetElapsedTime(began) > Patience) throw new InvalidOperationException($"PostgreSQL does not start: {Log}");
        }
    }

    /// <summary>Ends it as a crash would: nothing is written any more, and connections break.</summary>
    public async Task CrashAsync()
    {
        Signal(Sigquit);
        await EndGuardAsync();
    }

    /// <summary>Ends its first process with SIGKILL; the others follow.</summary>
    public async Task KillAsync()
    {
        Signal(Sigkill);
        await EndGuardAsync();
    }

    /// <summary>Ends it as an operator does: connections are closed, and everything is written.</summary>
    public Task StopAsync() => EndGuardAsync();

    /// <summary>Asks it something.</summary>
    public async Task<object?> AskAsync(string statement)
    {
        await using NpgsqlConnection connection = new(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(statement, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await EndGuardAsync();
        _folder.Delete(recursive: true);
    }

    private static string[] AsUser => Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : [];

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    // Below the ports that the system gives out, so that nobody takes it while the server is down.
    private static int FindPort()
    {
        while (true)
        {
            int port = Random.Shared.Next(20_000, 30_000);
            using TcpListener listener = new(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
    }

    private static async Task RunAsync(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)}: {await output}{error}");
    }

    private void Launch()
    {
        string[] settings =
        [
            $"port={_port}", "listen_addresses=127.0.0.1", $"unix_socket_directories={_folder.FullName}", "max_connections=400",
            "shared_buffers=64MB", "fsync=off", "autovacuum_naptime=10s", .. _settings,
        ];
        ProcessStartInfo start = new("bash") { RedirectStandardInput = true, WorkingDirectory = "/" };
        string[] arguments =
        [
            "-c", Guard, "guard", _folder.FullName, .. AsUser, Path.Combine(Binaries, "postgres"), "-D", Data,
            .. settings.SelectMany(setting => (string[])["-c", setting]),
        ];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        _guard = Process.Start(start)!;
    }

    private async Task<bool> IsUpAsync()
    {
        try
        {
            await AskAsync("select 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private void Signal(int signal)
    {
        int process = int.Parse(File.ReadAllText(Path.Combine(_folder.FullName, "process")), CultureInfo.InvariantCulture);
        if (Kill(process, signal) != 0) throw new InvalidOperationException($"PostgreSQL's process {process} cannot be signalled");
    }

    private async Task EndGuardAsync()
    {
        if (_guard is not { } guard) return;

        _guard = null;
        try
        {
            await guard.StandardInput.WriteLineAsync("stop");
            guard.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended by itself.
        }

        await guard.WaitForExitAsync();
        guard.Dispose();
    }
}
