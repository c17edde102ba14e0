from setuptools import setup

setup(
    name='payrecon_tryton',
    version='6.0.0',
    description='A unique payrecon key on payments of Tryton',
    license='MIT',
    python_requires='>=3.6',
    install_requires=['trytond >= 6.0, < 6.1', 'trytond_account_payment >= 6.0, < 6.1'],
    packages=['trytond.modules.payrecon'],
    package_dir={'trytond.modules.payrecon': '.'},
    package_data={'trytond.modules.payrecon': ['tryton.cfg', '*.xml', 'view/*.xml']},
    zip_safe=False,
    entry_points={'trytond.modules': ['payrecon = trytond.modules.payrecon']},
)
