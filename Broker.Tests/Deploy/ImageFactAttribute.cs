using System.Diagnostics;

namespace Broker.Tests.Deploy;

/// <summary>A fact that needs an image to be built, where buildah is installed and may run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ImageFactAttribute : FactAttribute
{
    private static readonly string? Obstacle = FindObstacle();

    public ImageFactAttribute() => Skip = Obstacle;

    private static string? FindObstacle()
    {
        if (!File.Exists("/usr/bin/buildah")) return "buildah is not installed: apt-get install --no-install-recommends buildah";
        if (Environment.UserName != "root") return "buildah needs to mount: run the tests as root";
        using Process process = Process.Start("unshare", ["--net", "--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "none", "/mnt"]);
        process.WaitForExit();
        return process.ExitCode == 0 ? null : "this process may mount nothing: run the tests with CAP_SYS_ADMIN";
    }
}
