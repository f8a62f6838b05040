using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Broker.Tests.Running;

namespace Broker.Tests.Deploy;

/// <summary>
/// Runs the README's commands for containers to the letter, without a container engine: <c>docker</c> is a few of its commands, done by buildah with
/// chroot isolation in a network of its own. The base images are made of what is installed here: the programs of this machine in place of Debian's, and
/// an SDK that publishes what was built with the tests. Nothing is fetched.
/// </summary>
internal sealed partial class ContainerEngine : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("broker-image-");

    /// <summary>Runs a script to its end, and gives what it has written.</summary>
    /// <param name="script">
    /// Bash. Beside <c>docker</c> it has <c>up NAME</c>, which starts a service of the compose file again, <c>until_ready NAME</c>, <c>is_healthy NAME</c>, <c>stop NAME</c>, and
    /// <c>in_container NAME USER COMMAND</c>. What a service writes is in <c>$work/NAME.log</c>.
    /// </param>
    public async Task<string> RunAsync(string script)
    {
        string runtime = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        string built = Path.GetDirectoryName(Solution.Executable)!;
        ProcessStartInfo start = new(
            "unshare",
            ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", $"{Engine}\n{Services()}\n{script}", "bash", _folder.FullName, Solution.Folder, built, runtime]);
        start.Environment["BUILDAH_ISOLATION"] = "chroot";
        start.Environment["STORAGE_DRIVER"] = "vfs";
        return await EndingProcess.RunAsync(start, Patience, () => _folder.GetFiles("*.log").Select(log => File.ReadAllText(log.FullName)));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private const string Engine =
        """
        set -euo pipefail
        work=$1 source=$2 built=$3 runtime=$4
        ip link set lo up
        echo '127.0.0.1 localhost nsqd nsqlookupd' >"$work/hosts"
        programs=(-v /usr/bin:/usr/bin:ro -v /usr/lib:/usr/lib:ro -v /usr/lib64:/usr/lib64:ro)

        engine() {
          local command=$1; shift
          buildah --root "$work/root" --runroot "$work/runroot" "$command" "$@"
        }

        in_container() {
          local name=$1 user=$2; shift 2
          engine run --hostname "$name" --user "$user" --no-hosts -v "$work/hosts:/etc/hosts:ro" "${programs[@]}" -v "$runtime:/usr/share/dotnet:ro" "$name" -- \
            /usr/bin/env "$@"
        }

        make_base_images() {
          mkdir -p "$work"/base/{etc,proc,sys,dev,run,tmp,root,usr/{bin,lib,lib64,local/bin,share/dotnet}} "$work/sdk/usr/local/bin"
          ln -s usr/bin usr/lib usr/lib64 "$work/base"
          printf 'root:x:0:0::/root:/bin/sh\napp:x:1654:1654::/:/bin/sh\n' >"$work/base/etc/passwd"
          printf '%s\n' '#!/bin/bash' \
            '[ "${*:1:7}" = "publish Broker.Silo -c Release -r linux-x64 -o" ] && [ -e Broker.Silo/Broker.Silo.csproj ] && cp -r /built "$8"' \
            >"$work/sdk/usr/local/bin/dotnet"
          chmod +x "$work/sdk/usr/local/bin/dotnet"
          printf '%s\n' 'FROM scratch' 'COPY base /' 'ENV APP_UID=1654 PATH=/usr/local/bin:/usr/bin:/bin DOTNET_ROOT=/usr/share/dotnet' |
            engine build --quiet --tag mcr.microsoft.com/dotnet/aspnet:10.0 --file - "$work"
          printf '%s\n' 'FROM mcr.microsoft.com/dotnet/aspnet:10.0' 'COPY sdk /' |
            engine build --quiet --tag mcr.microsoft.com/dotnet/sdk:10.0 --file - "$work"
        }

        docker() {
          case "$*" in
            "build -t broker .")
              make_base_images
              engine build --quiet --pull-never --tag broker "${programs[@]}" -v "$built:/built:ro" "$source" ;;
            "compose --profile single up -d nsqd nsqadmin")
              local name
              for name in nsqlookupd nsqd nsqadmin; do engine from --pull-never --name "$name" broker; up "$name"; done ;;
            "run --rm --user 0 --volume broker_data:/data --entrypoint chown broker -R 1654 /data")
              in_container nsqd 0 chown -R 1654 /data ;;
            *) echo "docker $*: not known to the test" >&2; return 1 ;;
          esac
        }

        # The image's user and folder are those of the container; its anonymous volume stays with the container.
        up() { in_container "$1" 1654 ${commands[$1]} >"$work/$1.log" 2>&1 & processes[$1]=$!; }

        until_ready() { until grep -q ' Ready' "$work/$1.log"; do sleep 0.05; kill -0 "${processes[$1]}"; done; }

        is_healthy() { in_container "$1" 1654 ${checks[$1]}; }

        stop() {
          kill -TERM "$(pgrep -f "^/opt/broker/Broker.Silo $1")"
          wait "${processes[$1]}"
        }
        """;

    /// <summary>Commands and health commands of the services that the compose file makes of the image.</summary>
    private static string Services()
    {
        List<string> commands = [];
        List<string> checks = [];
        string compose = File.ReadAllText(Solution.PathOf("docker-compose.yml"));
        string ready = Check(Health().Match(compose));
        foreach (Match service in Service().Matches(compose))
        {
            string name = service.Groups[1].Value;
            commands.Add($"[{name}]='{Command().Match(service.Value).Groups[1].Value}'");
            checks.Add($"[{name}]='{(service.Value.Contains("healthcheck: *ready", StringComparison.Ordinal) ? ready : Check(Health().Match(service.Value)))}'");
        }

        return $"declare -A processes commands=({string.Join(' ', commands)}) checks=({string.Join(' ', checks)})";
    }

    private static string Check(Match health) =>
        health.Success ? string.Join(' ', health.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries).Select(static word => word.Trim('"'))) : throw new InvalidOperationException("no health check");

    [GeneratedRegex(@"^  (nsqd|nsqlookupd|nsqadmin):\n(?:    .*\n)+", RegexOptions.Multiline)]
    private static partial Regex Service();

    [GeneratedRegex(@"^    command: (\S.*)$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"test: \[ CMD, (healthy, .*) \]")]
    private static partial Regex Health();
}
