//! Spec templates of made projects, as a packager would write them.

/// A noarch package like Lago's, with a package of data.
pub const NOARCH: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\nLicense: MIT\n\
    BuildArch: noarch\nSource0: @@SOURCE0@@\n\n%description\nText.\n\n%package data\nSummary: Data\n%description data\nData.\n\n\
    %prep\n%autosetup\n\n%build\n\n%install\ninstall -D -m 0644 a %{buildroot}/usr/share/demo/a\n\
    install -D -m 0644 a %{buildroot}/usr/share/demo/data/a\n\n%files\n/usr/share/demo/a\n\n%files data\n/usr/share/demo/data\n\n\
    %changelog\n";

/// A package of this machine's architecture: what a compiler makes, a noarch package beside it, scriptlets and configuration.
pub const COMPILED: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\nLicense: MIT\n\
    Source0: @@SOURCE0@@\nBuildRequires: gcc\n%global debug_package %{nil}\n\n%description\nText.\n\n\
    %package common\nSummary: Common\nBuildArch: noarch\n%description common\nCommon.\n\n\
    %prep\n%autosetup\n\n%build\ngcc -g -O1 -o demo $PWD/demo.c\n\n%install\ninstall -D demo %{buildroot}/usr/bin/demo\n\
    install -D -m 0644 a %{buildroot}/etc/demo.conf\n\n%post\necho installed\n\n%preun\necho leaving\n\n\
    %files\n/usr/bin/demo\n\n%files common\n%config(noreplace) /etc/demo.conf\n\n%changelog\n";

/// A Python program with a module that is compiled, like Lago.
pub const PYTHON: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: @@RELEASE@@%{?dist}\nSummary: A demonstration\nLicense: MIT\n\
    BuildArch: noarch\nSource0: @@SOURCE0@@\nBuildRequires: python3\n\
    %global modules %{_prefix}/lib/python3.11/site-packages\n\n%description\nText.\n\n%prep\n%autosetup\n\n\
    %build\npython3 -m compileall -q demo\n\n%install\nmkdir -p %{buildroot}%{modules}\ncp -a demo %{buildroot}%{modules}\n\
    install -D -m 0755 a %{buildroot}%{_bindir}/demo\n\n%files\n%{_bindir}/demo\n%{modules}/demo\n\n%changelog\n";

/// The program of [`COMPILED`], which knows the path it was compiled at.
pub const PROGRAM: &str = "#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n";

/// A Python project that pbr builds, in the manner of Lago's spec: the version and the authors come from generated files.
pub const PBR: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1%{?dist}\nSummary: A demonstration\nLicense: MIT\n\
    BuildArch: noarch\nSource0: https://example.org/%{name}/%{name}-%{version}.tar.gz\nBuildRequires: python3-pbr\n\
    Requires: python3-%{name} = %{version}\n\n%description\nText.\n\n%prep\n%setup -q -n %{name}-%{version}\n\n\
    %build\n%{py3_build}\n\n%install\n%{py3_install}\n\n%files\n\n%package -n python3-%{name}\nSummary: The library\n\
    %description -n python3-%{name}\nText.\n\n%files -n python3-%{name}\n%doc AUTHORS README.rst\n%{python3_sitelib}/%{name}/*.py\n\
    %{python3_sitelib}/%{name}/__pycache__\n%{python3_sitelib}/%{name}-%{version}-py*.egg-info\n%{_bindir}/demo\n\n%changelog\n";
