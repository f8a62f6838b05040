using System.Diagnostics;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;

namespace Broker.Tests.Docs;

/// <summary>
/// Runs the commands of the documentation to the letter, as a reader would: in a network of their own, where every port is free, and with processes that
/// end with the script. <c>dotnet run</c> starts what was built with the tests, <c>npm install</c> gives what <c>test.sh</c> has installed, and
/// <c>sudo -u postgres psql</c> asks the tests' server, which is reached at PostgreSQL's usual port.
/// </summary>
internal sealed class ReaderTerminal : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DataFolder _folder = new();
    private readonly DataFolder _tools = new();

    public ReaderTerminal()
    {
        string built = Solution.Executable[..^"/Broker.Silo".Length].Replace(Solution.PathOf("Broker.Silo"), "", StringComparison.Ordinal);
        AddTool(
            "dotnet",
            $"""
            case "$1 $2" in
              "run --project") project=$3; shift 3; [ "$1 $2" != '-v minimal' ] || shift 2; [ "$1" != -- ] || shift; exec "{Solution.Folder}/$project{built}/"*"$(basename "$project")" "$@" ;;
              "build -c") exit 0 ;;
            esac
            echo "dotnet $*: not known to the test" >&2; exit 1
            """);
        // The shell's path to what is built leads there, too.
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "Broker.Silo"), Solution.PathOf("Broker.Silo"));
        AddTool("npm", $"[ \"$*\" = 'install --no-save nsqjs' ] && ln -s {Solution.PathOf("Broker.Tests/NodeClient/node_modules")} node_modules");
    }

    /// <summary>What lies in the folder that the commands run in, but for what git ignores.</summary>
    public IEnumerable<string> Litter => Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Except(["data", "node_modules", "output", "Broker.Silo"])!;

    /// <summary>Adds a command.</summary>
    public void AddTool(string name, string script)
    {
        string path = Path.Combine(_tools.Path, name);
        File.WriteAllText(path, $"#!/bin/bash\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>
    /// Has <c>sudo -u postgres psql</c> ask a server, and gives the command <c>serve_postgres</c>, which serves it at the port that PostgreSQL has.
    /// </summary>
    public void ServePostgres(PostgresServer server)
    {
        AddTool("sudo", $"[ \"$1 $2 $3\" = '-u postgres psql' ] && exec psql -v ON_ERROR_STOP=1 '{server.PsqlConnection}'");
        AddTool(
            "serve_postgres",
            $$"""
            exec node -e "
            const net = require('net')
            net.createServer(client => {
              const server = net.connect('{{server.Socket}}')
              client.pipe(server).pipe(client)
              for (const side of [client, server]) side.on('error', () => { client.destroy(); server.destroy() })
            }).listen(5432, '127.0.0.1', () => console.log('listening'))" >output/database
            """);
    }

    /// <summary>Runs a script to its end, and gives what it has written.</summary>
    /// <param name="script">Bash; it has <c>until_says TEXT FILE</c>.</param>
    public async Task<string> RunAsync(string script)
    {
        const string prologue =
            """
            set -euo pipefail
            ip link set lo up
            until_says() { until grep -qF -- "$1" "$2"; do sleep 0.05; done; }
            """;
        ProcessStartInfo start = new("unshare", ["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", $"{prologue}\n{script}"])
        {
            WorkingDirectory = _folder.Path,
        };
        start.Environment["PATH"] = $"{_tools.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        return await EndingProcess.RunAsync(start, Patience, () => Directory.GetFiles(Path.Combine(_folder.Path, "output")).Select(File.ReadAllText));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _tools.Dispose();
    }
}
