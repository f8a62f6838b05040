using Microsoft.AspNetCore.Builder;

namespace Broker.Admin;

/// <summary>Pages below the admin web that are another's, behind the same log-in.</summary>
public interface IAdminBranch
{
    /// <summary>The path that all of them lie under, below the base path.</summary>
    string Path { get; }

    /// <summary>What the link to them on the cluster page says.</summary>
    string Title { get; }

    /// <summary>Puts together what answers.</summary>
    /// <param name="app">Gets requests that were let in, with their whole paths.</param>
    /// <param name="path">The path that all pages lie under, base path included.</param>
    void Use(IApplicationBuilder app, string path);
}
